"""Freezing: listens as they were known before a cut-off, in files of their own, told by checksums of their content."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from jobs.lake.engine import engine
from jobs.steps.hearing import KEYS
from jobs.steps.shares import Share
from jobs.tables import EVENTS, HOLDS, IMPOSSIBLE_DAYS, LISTENS
from jobs.transforms.rules import CountingRules
from jobs.transforms.settlement.freezing import (
    COLUMNS,
    active_hours,
    digests,
    impossible_before,
    is_as_before,
    parts_before,
    standings,
    unsure,
    with_measures,
)
from jobs.transforms.settlement.suspicion import NOTHING_FOUND


@dataclass(frozen=True, slots=True)
class Span:
    """Listen days from the first to the last, both included, as they were known before the cut-off (UTC)."""

    first: dt.date
    last: dt.date
    cut_off: dt.datetime

    @property
    def days(self) -> str:
        """Which listens are in question, in SQL."""
        return f"listen_day BETWEEN DATE '{self.first}' AND DATE '{self.last}'"

    @property
    def instant(self) -> str:
        """The cut-off, in SQL."""
        return f"TIMESTAMPTZ '{self.cut_off.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S.%f}+00'"

    @property
    def was_received(self) -> str:
        """Which events were known, in SQL, with a day more on both sides, into which device days reach."""
        near = f"listen_day BETWEEN DATE '{self.first}' - 1 AND DATE '{self.last}' + 1"
        return f"received_at < {self.instant} AND {near}"


@dataclass(frozen=True, slots=True)
class FilesToSift:
    """Some files of ``silver/listens``."""

    scratch: Path
    span: Span
    listens: list[Path]


@dataclass(frozen=True, slots=True)
class Sifted:
    """A file of listens that were then as they are now, and one of the keys of all others."""

    same: Path
    asked: Path


def sift(given: FilesToSift) -> Sifted:
    """Tells listens that were the same before the cut-off from those to be rebuilt."""
    same = is_as_before(given.span.instant)
    with engine(given.scratch) as sql:
        sql.files("listens", LISTENS, given.listens, given.span.days)
        return Sifted(
            sql.save(given.scratch, with_measures(f"(FROM listens WHERE {same})")),
            sql.save(given.scratch, f"SELECT {KEYS} FROM listens WHERE NOT {same}"),
        )


@dataclass(frozen=True, slots=True)
class ShareToRebuild:
    """A share of the devices, the files of its events, and what is asked for, hours with playing if wanted."""

    scratch: Path
    share: Share
    span: Span
    rules: CountingRules
    events: list[Path]
    impossible_days: list[Path]
    asked: list[Path]
    with_hours: bool = False


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Files of listen parts by events received before the cut-off, of listens on unsure clocks, of active hours."""

    parts: Path
    unsure: Path
    hours: list[Path]


def rebuild(given: ShareToRebuild) -> Rebuilt:
    """Hears the listens asked for from the events known then, and finds those on unsure clocks."""
    condition = f"{given.share.condition} AND {given.span.was_received}"
    with engine(given.scratch) as sql:
        sql.files("events", EVENTS, given.events, condition)
        sql.files("impossible_now", IMPOSSIBLE_DAYS, given.impossible_days)
        sql.saved("asked", given.asked, "")
        sql.keep("impossible", impossible_before("events", "impossible_now", given.rules))
        sql.keep("parts", parts_before("events", "asked", "impossible", given.rules))
        hours = [sql.save(given.scratch, active_hours("events"))] if given.with_hours else []
        return Rebuilt(
            sql.save(given.scratch, "FROM parts"),
            sql.save(given.scratch, unsure(f"(FROM events WHERE {given.span.days})")),
            hours,
        )


@dataclass(frozen=True, slots=True)
class ShareToSeal:
    """A share of the listeners: all files of listens, what holds them, and what was decided.

    ``holds`` are files of ``gold/holds``, of which those of earlier closes are known; ``found`` of what rules find now;
    ``decisions`` has ``listen_id, decision``.
    """

    scratch: Path
    folder: Path
    share: Share
    span: Span
    listens: list[Path]
    holds: list[Path]
    found: list[Path]
    decisions: pa.Table
    pay_claimed: bool


@dataclass(frozen=True, slots=True)
class Sealed:
    """The share's file in the archive, checksums of its content by bucket, and the holds that are new."""

    path: Path
    digests: list[tuple[int, str, int]]
    holds: pa.Table


def seal(given: ShareToSeal) -> Sealed:
    """Says what each listen of the share is in every program, and writes its file of the archive."""
    with engine(given.scratch) as sql:
        sql.saved("all_listens", given.listens, "")
        sql.files("known_holds", HOLDS, given.holds, f"since < {given.span.instant}")
        sql.saved("found", given.found, NOTHING_FOUND)
        sql.rows("decisions", given.decisions)
        sql.view("listens", f"SELECT {COLUMNS}, bucket FROM all_listens WHERE {given.share.condition}")
        sql.keep("here", "SELECT listen_id FROM listens WHERE status = 'counted'")
        sql.keep(
            "new_holds",
            "SELECT * FROM (SELECT listen_id, rule, sum(measured)::BIGINT AS measured, "
            "any_value(threshold) AS threshold, any_value(peers_median) AS peers_median "
            "FROM found GROUP BY listen_id, rule) "
            "SEMI JOIN here USING (listen_id) ANTI JOIN known_holds USING (listen_id, rule)",
        )
        sql.view(
            "holds",
            "SELECT listen_id, min(since) AS since FROM ("
            f"SELECT listen_id, {given.span.instant} AS since FROM new_holds "
            "UNION ALL SELECT listen_id, since FROM known_holds) GROUP BY listen_id",
        )
        sql.keep("sealed", standings("listens", "holds", "decisions", given.pay_claimed))
        path = sql.save(given.folder, "FROM sealed ORDER BY bucket, listen_id")
        found = [(row["bucket"], row["digest"], row["listens"]) for row in sql.query(digests("sealed")).to_pylist()]
        return Sealed(path, sorted(found), sql.query("FROM new_holds"))


def groups_of_files(paths: Sequence[Path], most: int) -> list[list[Path]]:
    """The files in groups of at most so many."""
    return [list(paths[start : start + most]) for start in range(0, len(paths), most)]
