"""The listens of a close: sifted, rebuilt and sealed by tasks."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from jobs.finance.files import FinanceSet
from jobs.lake.delta import Within
from jobs.steps.money.draft import Close, tables_of
from jobs.steps.money.freezing import (
    FilesToSift,
    Sealed,
    ShareToRebuild,
    ShareToSeal,
    Span,
    groups_of_files,
    rebuild,
    seal,
    sift,
)
from jobs.steps.money.suspecting import Money, suspect, wants_hours
from jobs.steps.shares import shares
from jobs.steps.work import Work
from jobs.tables import EPISODES, EVENTS, HOLDS, IMPOSSIBLE_DAYS, LISTENS
from jobs.transforms.listens import listens, summed
from jobs.transforms.settlement.freezing import with_measures

FILES_OF_TASK = 16
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FrozenListens:
    """Files of listens by share, the checksum of their content, how many there are, and the holds that are new."""

    paths: list[Path]
    checksum: str
    listens: int
    new_holds: pa.Table


def freeze_listens(work: Work, folder: Path, close: Close, finance: FinanceSet) -> FrozenListens:
    """Writes the listens of the close's months as they were known before its cut-off into the folder.

    Splits and fees are there as files already.
    """
    store, payouts = work.store, close.payouts
    span = Span(min(one.period for one in close.runs).first_day, close.month.last_day, close.cut_off)
    files = work.files(LISTENS, {"listen_day": (span.first, span.last)})
    sifted = store.spread(
        sift, [FilesToSift(store.scratch, span, some) for some in groups_of_files(files, FILES_OF_TASK)]
    )
    near: Within = {"listen_day": (span.first - ONE_DAY, span.last + ONE_DAY)}
    events = work.files(EVENTS, near)
    rebuilt = store.spread(
        rebuild,
        [
            ShareToRebuild(
                store.scratch,
                share,
                span,
                work.rules,
                events,
                work.files(IMPOSSIBLE_DAYS),
                [one.asked for one in sifted],
                wants_hours(payouts.holds),
            )
            for share in (shares(store.count(EVENTS)) if sifted else [])
        ],
    )
    there = [one.same for one in sifted]
    if rebuilt:
        there.append(_put_together(work, [one.parts for one in rebuilt]))
    rows = _counted(work, there)
    runs, members, pools = tables_of(close, [""] * len(close.runs))
    money = Money(runs, members, pools, [folder / "splits.parquet"], [folder / "fees.parquet"])
    found = suspect(work, payouts, there, [path for one in rebuilt for path in one.hours], money)
    if payouts.hold_unsure_clocks:
        found += [one.unsure for one in rebuilt]
    sealed = store.spread(
        seal,
        [
            ShareToSeal(
                store.scratch,
                folder,
                share,
                span,
                there,
                work.files(HOLDS),
                found,
                decisions_of(finance),
                payouts.pay_claimed,
            )
            for share in (shares(rows) if there else [])
        ],
    )
    return _together(sealed)


def _put_together(work: Work, parts: list[Path]) -> Path:
    with work.store.engine() as sql:
        sql.saved("parts", parts, "")
        sql.files("episodes", EPISODES, work.files(EPISODES))
        sql.keep("whole", summed("parts"))
        return sql.save(work.store.scratch, with_measures(f"({listens('whole', 'episodes', work.rules)})"))


def _counted(work: Work, paths: list[Path]) -> int:
    if not paths:
        return 0
    with work.store.engine() as sql:
        sql.saved("listens", paths, "")
        return sql.value("SELECT count(*) FROM listens")


def _together(sealed: list[Sealed]) -> FrozenListens:
    digests = [digest for one in sealed for digest in one.digests]
    holds = [one.holds for one in sealed if one.holds.num_rows]
    return FrozenListens(
        [one.path for one in sealed],
        combined(digests),
        sum(count for _, _, count in digests),
        pa.concat_tables(holds) if holds else pa.table({"listen_id": pa.array([], pa.string())}),
    )


def combined(digests: Iterable[tuple[int, str, int]]) -> str:
    """The checksum of listens from those of their buckets, each with the number of its listens."""
    text = "".join(f"{bucket} {digest} {count}\n" for bucket, digest, count in sorted(digests))
    return hashlib.sha256(text.encode()).hexdigest()


def decisions_of(finance: FinanceSet) -> pa.Table:
    """The decision in force on each listen: of several the newest, then the later line."""
    ordered = sorted(finance["decisions"], key=lambda row: (row["at"], row.line))
    in_force = {row["listen_id"]: row["decision"] for row in ordered}
    return pa.table(
        {
            "listen_id": pa.array(list(in_force), pa.string()),
            "decision": pa.array(list(in_force.values()), pa.string()),
        }
    )
