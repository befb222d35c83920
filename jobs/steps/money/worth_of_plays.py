"""What plays of ads that brought nothing would have been worth to a payee: the month divided anew with them."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jobs.finance.periods import Period
from jobs.lake.engine import Engine
from jobs.lake.schema import quoted
from jobs.published.reading import state_of
from jobs.steps.money import archive
from jobs.steps.money.again import close_of, whole_share, work_out
from jobs.steps.money.runs import Run
from jobs.steps.money.shares_of_run import NO_LISTENS, NO_PLAYS, Frozen, name_share
from jobs.steps.money.worth import COLUMNS, UNPAID, OneByOne, in_month, more_than_was, rules_of, shows_of
from jobs.tables import AD_PLAYS, LISTENS
from jobs.transforms.settlement.plays import COLUMNS as OF_PLAYS

TURNED = {"late": ("held", "late")}
"""What listens of a class are in the archive, where it is not its name: a final run makes those held ``late``."""


@dataclass(frozen=True, slots=True)
class Known:
    """Listens and plays of a month, with those that came after its final run, in files; which of these are so."""

    listens: list[Path]
    plays: list[Path]
    late: list[Path]


def worth_of_plays(lake: Path, run: Run, payee: str) -> list[dict[str, Any]]:
    """Billable plays in the payee's shows that a posted run did not count: one entry a class of listens and currency.

    ``plays``, ``listens`` and ``rules`` tell them, ``worth_minor`` what the payee would have more of had all plays in
    listens of that class counted, of other shows too: it may be negative. Plays that came too late are ``late``.
    """
    versions = state_of(lake).get("tables", {})
    with tempfile.TemporaryDirectory(prefix="podledger-why-") as scratch:
        store = OneByOne(Path(scratch))
        store.clear_scratch()
        known = _known(store, lake, versions, run)
        uncounted = _uncounted(store, lake, run, known, shows_of(store, lake, run, payee))
        told: list[dict[str, Any]] = []
        for name in UNPAID:
            of_class = [row for row in uncounted if row["class"] == name]
            if of_class:
                listens = {row["listen_id"] for row in of_class}
                summed = {"class": name, "plays": len(of_class), "listens": len(listens)}
                summed["rules"] = rules_of(lake, versions, run, name, listens)
                paid_in = {row["currency"] for row in of_class}
                found = _with_plays_of(store, lake, run, known, name)
                more = more_than_was(store, lake, versions, run, payee, found)
                told += ({**summed, **one} for one in more if one["currency"] in paid_in)
    return [{"program": run.program, "period": run.period, "run_id": run.run_id, **one} for one in told]


def _known(store: OneByOne, lake: Path, versions: dict[str, int], run: Run) -> Known:
    """What the run was worked out from; of a final run also what came since, with its listens."""
    frozen = archive.frozen_in(lake, run.frozen["archive"])
    if run.kind != "final" or AD_PLAYS.name not in versions:
        return Known(frozen.listens, frozen.plays, [])
    month, held = Period.read(run.period), OneByOne(lake)
    near = {"listen_day": (month.first_day, month.last_day)}
    evidence = "true" if close_of(lake, run).payouts.pay_claimed else "evidence = 'measured'"
    with store.engine() as sql:
        _name_archived(sql, frozen)
        for name, table, where in (
            ("plays_now", AD_PLAYS, f"billable AND {in_month(run)}"),
            ("listens_now", LISTENS, f"status = 'counted' AND {evidence}"),
        ):
            sql.files(name, table, held.files(table, versions[table.name], near), where)
        sql.keep(
            "late",
            f"SELECT {OF_PLAYS} FROM plays_now SEMI JOIN listens_now USING (listen_id) "
            "ANTI JOIN plays USING (listen_id, arrangement_id, slot)",
        )
        bucket = "('0x' || left(md5(listener_id), 2))::INTEGER"
        came = f"""
            SELECT listen_id, listener_id, show_id, listen_day, heard_ms, 'late' AS standing, NULL AS held_since,
                {bucket} AS bucket
            FROM listens_now SEMI JOIN late USING (listen_id) ANTI JOIN listens USING (listen_id)"""
        return Known(
            [sql.save(store.lake, f"SELECT {COLUMNS} FROM listens UNION ALL {came}")],
            frozen.plays,
            [sql.save(store.lake, "FROM late")],
        )


def _name_archived(sql: Engine, frozen: Frozen) -> None:
    sql.saved("listens", frozen.listens, NO_LISTENS)
    sql.saved("plays", frozen.plays, NO_PLAYS)


def _uncounted(store: OneByOne, lake: Path, run: Run, known: Known, shows: Sequence[str]) -> list[dict[str, Any]]:
    """Plays in these shows that the run did not count: ``listen_id``, ``class`` of their listen, and ``currency``."""
    if not shows:
        return []
    frozen = replace(archive.frozen_in(lake, run.frozen["archive"]), listens=known.listens)
    classes, listed = (", ".join(quoted(name) for name in names) for names in (UNPAID, shows))
    with store.engine() as sql:
        name_share(sql, whole_share(lake, store.scratch, run, frozen))
        sql.saved("late", known.late, NO_PLAYS)
        found = sql.query(f"""
            SELECT listen_id, campaign_id, class FROM (
                SELECT p.listen_id, p.campaign_id, l.show_id,
                    if(p.is_late AND l.standing = 'payable', 'late', l.standing) AS class
                FROM (SELECT *, false AS is_late FROM plays UNION ALL SELECT *, true AS is_late FROM late) AS p
                JOIN listens_of_runs AS l USING (listen_id)
                SEMI JOIN campaigns AS c ON c.campaign_id = p.campaign_id
            ) WHERE class IN ({classes}) AND show_id IN ({listed})""").to_pylist()
    currencies = {pool["campaign_id"]: pool["currency"] for pool in run.money}
    return [{**row, "currency": currencies[row["campaign_id"]]} for row in found]


def _with_plays_of(store: OneByOne, lake: Path, run: Run, known: Known, name: str) -> list[Path]:
    """Files of ``gold/allocations``: the run with all plays in listens of that class."""
    turned = ", ".join(quoted(standing) for standing in TURNED.get(name, (name,)))
    with store.engine() as sql:
        sql.saved("listens", known.listens, NO_LISTENS)
        payable = f"if(standing IN ({turned}), 'payable', standing) AS standing"
        listens = sql.save(store.lake, f"SELECT * REPLACE ({payable}) FROM (SELECT {COLUMNS} FROM listens)")
    plays = [*known.plays, *(known.late if name == "late" else [])]
    return work_out(store, lake, run, listens=[listens], plays=plays)


def in_text(one: dict[str, Any], said: str) -> str:
    """The same in words; ``said`` is the amount."""
    rules = f" ({', '.join(f'{rule} {count:,}' for rule, count in one['rules'].items())})" if one["rules"] else ""
    listens = f"{one['listens']:,} listens" if one["class"] == "late" else f"{one['listens']:,} {one['class']} listens"
    plays = f"{one['plays']:,} late plays" if one["class"] == "late" else f"{one['plays']:,} billable plays"
    return f"{one['program']} {one['period']}: {plays} in {listens}{rules}: had all such plays counted, {said}"
