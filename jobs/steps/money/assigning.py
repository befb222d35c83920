"""Assigning: money of final months that waited for a split goes to the payees of one, when there is one."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from jobs.finance.periods import Period
from jobs.steps.money.archive import SPLITS
from jobs.steps.money.ledger import entry, posting
from jobs.steps.money.sets import finance_of, needed_set
from jobs.steps.work import Work
from jobs.tables import LEDGER
from jobs.transforms.settlement.ledger import assigned, unassigned

AMOUNTS = ("account", "side", "amount_minor", "currency", "payee_id", "show_id", "program", "period")


def assignments(
    work: Work, close: str, finals: Sequence[tuple[str, str]], entries: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Entries of kind ``assign``, one a program, month, currency and show; ``entries`` are posted before them.

    The version is that in force on the first day of the month being closed.
    """
    if not finals:
        return []
    finance = finance_of(work, needed_set(work))
    splits = [{name: row[name] for name in SPLITS.names} for row in finance["splits"]]
    day = f"DATE '{Period.read(close).first_day}'"
    with work.store.engine() as sql:
        sql.files("posted", LEDGER, work.files(LEDGER))
        names = ", ".join(AMOUNTS)
        sql.rows("new", pa.Table.from_pylist([{name: row[name] for name in AMOUNTS} for row in entries], _SCHEMA))
        sql.view("ledger", f"SELECT {names} FROM posted UNION ALL SELECT {names} FROM new")
        sql.rows("finals", pa.Table.from_pylist([{"program": one, "period": two} for one, two in finals]))
        sql.rows("splits", pa.Table.from_pylist(splits, SPLITS))
        sql.keep("waiting", unassigned("ledger", "finals"))
        found = sql.query(assigned("waiting", "splits", day)).to_pylist()
    key = ("program", "period", "currency", "show_id")
    given = []
    for told, group in itertools.groupby(found, key=lambda row: tuple(row[name] for name in key)):
        given += _entry(close, dict(zip(key, told, strict=True)), list(group))
    return given


def _entry(close: str, told: dict[str, str], payees: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    of = {name: told[name] for name in ("program", "period", "show_id")}
    whole = sum(int(row["amount_minor"]) for row in payees)
    postings = [posting(f"unassigned:{told['show_id']}", -whole, told["currency"], **of)]
    postings += [
        posting(
            f"payable:{row['payee_id']}", int(row["amount_minor"]), told["currency"], payee_id=row["payee_id"], **of
        )
        for row in payees
        if row["amount_minor"]
    ]
    return entry(f"assign:{close}:{':'.join(told.values())}", "assign", close, postings)


_SCHEMA = pa.schema([(name, pa.int64() if name == "amount_minor" else pa.string()) for name in AMOUNTS])
