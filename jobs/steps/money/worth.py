"""What listens that are not paid would have been worth to a payee: the month divided anew with them, less what was."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from jobs.errors import Stop
from jobs.finance.periods import Period
from jobs.lake.schema import quoted
from jobs.lake.store import Item, Result, Store
from jobs.published.reading import rows, state_of
from jobs.steps.money import archive
from jobs.steps.money.again import work_out
from jobs.steps.money.runs import Run
from jobs.tables import ALLOCATIONS, HOLDS, LISTEN_SETTLEMENTS, LISTENS, SETTLEMENT_RUNS

UNPAID = ("held", "invalid", "void", "late")
COLUMNS = "listen_id, listener_id, show_id, listen_day, heard_ms, standing, held_since, bucket"


class OneByOne(Store):
    """A store whose tasks are done here, one after another: a question needs no Spark."""

    def __init__(self, folder: Path) -> None:
        """A store in that folder."""
        super().__init__(folder, _no_spark)

    def spread(self, task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """What the task makes of each item, in their order."""
        return [task(item) for item in items]


def _no_spark() -> SparkSession:
    raise Stop("a question was to be answered without Spark: a fault of the code, report it")


def worth(lake: Path, run: Run, payee: str) -> list[dict[str, Any]]:
    """What was not paid of the payee's shows in a posted run: one entry a class and currency.

    ``listens``, ``heard_ms`` and ``rules`` tell the listens, ``worth_minor`` what the payee would have more of had all
    listens of that class been payable, of other shows too: it may be negative. What is held is its part on hold.
    """
    versions = state_of(lake).get("tables", {})
    with tempfile.TemporaryDirectory(prefix="podledger-why-") as scratch:
        store = OneByOne(Path(scratch))
        store.clear_scratch()
        shows = shows_of(store, lake, run, payee)
        listens = _unpaid(lake, versions, run, shows)
        told: list[dict[str, Any]] = []
        for name in UNPAID:
            of_class = [row for row in listens if row["class"] == name]
            if of_class:
                summed = {"class": name, "listens": len(of_class), "heard_ms": sum(one["heard_ms"] for one in of_class)}
                summed["rules"] = rules_of(lake, versions, run, name, {one["listen_id"] for one in of_class})
                told += ({**summed, **one} for one in _worth(store, lake, versions, run, payee, name))
    return [{"program": run.program, "period": run.period, "run_id": run.run_id, **one} for one in told]


def shows_of(store: OneByOne, lake: Path, run: Run, payee: str) -> list[str]:
    """The shows of which the payee had a share in any split that the run knew."""
    with store.engine() as sql:
        sql.saved("splits", [lake / run.frozen["archive"] / "splits.parquet"], "")
        asked = f"SELECT DISTINCT show_id FROM splits WHERE payee_id = {quoted(payee)} ORDER BY show_id"
        return [row["show_id"] for row in sql.query(asked).to_pylist()]


def _unpaid(lake: Path, versions: dict[str, int], run: Run, shows: Sequence[str]) -> list[dict[str, Any]]:
    """Listens of these shows that the run did not pay, and those that became known after it was final."""
    if not shows:
        return []
    listed = ", ".join(quoted(show) for show in shows)
    classes = ", ".join(quoted(name) for name in UNPAID)
    where = f'run_id = {quoted(run.run_id)} AND show_id IN ({listed}) AND "class" IN ({classes})'
    version = versions[LISTEN_SETTLEMENTS.name]
    columns = 'listen_id, "class", heard_ms'
    found: list[dict[str, Any]] = rows(lake, LISTEN_SETTLEMENTS.name, version, where, columns).to_pylist()
    known = {row["listen_id"] for row in found}
    late = f"show_id IN ({listed}) AND {_late(lake, versions, run)}"
    later = rows(lake, LISTEN_SETTLEMENTS.name, version, late, columns).to_pylist()
    return found + [row for row in later if row["listen_id"] not in known]


def _late(lake: Path, versions: dict[str, int], run: Run) -> str:
    """Which rows are of listens that came too late for the run's month, under whichever run of its program."""
    if run.kind != "final":
        return "false"
    of_program = f"program = {quoted(run.program)}"
    found = rows(lake, SETTLEMENT_RUNS.name, versions[SETTLEMENT_RUNS.name], of_program, "distinct run_id").to_pylist()
    listed = ", ".join(quoted(row["run_id"]) for row in found)
    return f"\"class\" = 'late' AND {in_month(run)} AND run_id IN ({listed})"


def in_month(run: Run) -> str:
    """Whether a listen is of the run's month, as SQL."""
    month = Period.read(run.period)
    return f"listen_day BETWEEN date '{month.first_day}' AND date '{month.last_day}'"


def _worth(
    store: OneByOne, lake: Path, versions: dict[str, int], run: Run, payee: str, name: str
) -> Iterable[dict[str, Any]]:
    """By currency what the payee would have more of."""
    if name == "held":
        return [
            {"currency": row["currency"], "worth_minor": int(row["held_minor"])}
            for row in _was(lake, versions, run, payee)
        ]
    found = work_out(store, lake, run, listens=[_as_if_payable(store, lake, versions, run, name)])
    return more_than_was(store, lake, versions, run, payee, found)


def _was(lake: Path, versions: dict[str, int], run: Run, payee: str) -> list[dict[str, Any]]:
    before = f"run_id = {quoted(run.run_id)} AND payee_id = {quoted(payee)} GROUP BY currency"
    summed = "currency, sum(amount_minor) AS amount_minor, sum(held_minor) AS held_minor"
    was: list[dict[str, Any]] = rows(lake, ALLOCATIONS.name, versions[ALLOCATIONS.name], before, summed).to_pylist()
    return was


def more_than_was(
    store: OneByOne, lake: Path, versions: dict[str, int], run: Run, payee: str, found: Sequence[Path]
) -> list[dict[str, Any]]:
    """By currency what the payee has more of in these files of ``gold/allocations`` than in the run."""
    with store.engine() as sql:
        sql.files("allocations", ALLOCATIONS, list(found))
        query = f"FROM allocations WHERE payee_id = {quoted(payee)} GROUP BY currency"
        would_be = sql.query(f"SELECT currency, sum(amount_minor)::BIGINT AS amount_minor {query}").to_pylist()
        would = {row["currency"]: row["amount_minor"] for row in would_be}
    amounts = {row["currency"]: int(row["amount_minor"]) for row in _was(lake, versions, run, payee)}
    return [
        {"currency": currency, "worth_minor": would.get(currency, 0) - amounts.get(currency, 0)}
        for currency in sorted(would.keys() | amounts.keys())
    ]


def _as_if_payable(store: OneByOne, lake: Path, versions: dict[str, int], run: Run, name: str) -> Path:
    """The archived listens in a file, those of the class payable; of the late ones also those not archived."""
    paths = archive.frozen_in(lake, run.frozen["archive"]).listens
    turned = "held" if name == "late" else name
    with store.engine() as sql:
        sql.saved("archived", paths, f"SELECT {', '.join(f'NULL AS {one}' for one in COLUMNS.split(', '))}")
        known = f"SELECT {COLUMNS} FROM archived"
        query = f"SELECT * REPLACE (if(standing = '{turned}', 'payable', standing) AS standing) FROM ({known})"
        if name == "late":
            columns = "listen_id, listener_id, show_id, listen_day, heard_ms"
            late = _late(lake, versions, run)
            sql.rows("later", rows(lake, LISTEN_SETTLEMENTS.name, versions[LISTEN_SETTLEMENTS.name], late, columns))
            query += f"""
                UNION ALL SELECT DISTINCT {columns}, 'payable', NULL, ('0x' || left(md5(listener_id), 2))::INTEGER
                FROM later ANTI JOIN archived USING (listen_id)"""
        return sql.save(store.lake, query)


def rules_of(lake: Path, versions: dict[str, int], run: Run, name: str, listens: set[str]) -> dict[str, int]:
    """By which rules they are held or invalid, and how many by each."""
    if name == "held":
        found = rows(lake, HOLDS.name, versions[HOLDS.name], columns="listen_id, rule").to_pylist()
        named = [row["rule"] for row in found if row["listen_id"] in listens]
    elif name == "invalid":
        where = f"status = 'invalid' AND {in_month(run)}"
        found = rows(lake, LISTENS.name, versions[LISTENS.name], where, "listen_id, reasons").to_pylist()
        named = [reason for row in found if row["listen_id"] in listens for reason in row["reasons"]]
    else:
        named = []
    return {rule: named.count(rule) for rule in sorted(set(named))}


def in_text(one: dict[str, Any], said: str) -> str:
    """The same in words; ``said`` is the amount."""
    rules = f", {', '.join(f'{rule} {count:,}' for rule, count in one['rules'].items())}" if one["rules"] else ""
    told = (
        f"{one['program']} {one['period']}: {one['listens']:,} {one['class']} listens ({one['heard_ms']:,} ms{rules})"
    )
    return (
        f"{told}: on hold {said}" if one["class"] == "held" else f"{told}: had all {one['class']} ones counted, {said}"
    )
