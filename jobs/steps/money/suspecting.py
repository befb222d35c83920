"""Suspecting: each entry of conf that holds listens, applied to all listens of a close by a task of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from jobs.finance.programs import DatedHold, Payouts
from jobs.lake.engine import Engine, engine
from jobs.steps.money.shares_of_run import NO_FEES, NO_SPLITS
from jobs.steps.work import Work
from jobs.transforms.rules import CountingRules, in_force
from jobs.transforms.settlement.brought import brought_by_listeners
from jobs.transforms.settlement.freezing import facts
from jobs.transforms.settlement.suspicion import Entry, entries, suspicious
from jobs.transforms.settlement.suspicions import RULES

NO_HOURS = "SELECT NULL::VARCHAR AS listener_id, NULL::DATE AS listen_day, 0::INTEGER AS hours"


@dataclass(frozen=True, slots=True)
class Money:
    """What a close brings in and divides: ``RUNS``, ``MEMBERS`` and ``POOLS``, and files of splits and fees."""

    runs: pa.Table
    members: pa.Table
    pools: pa.Table
    splits: list[Path]
    fees: list[Path]


@dataclass(frozen=True, slots=True)
class EntryToApply:
    """An entry, and files of all listens (with ``freezing.MEASURED``) and of hours with playing."""

    scratch: Path
    entry: Entry
    rules: CountingRules
    cut_off_days: int
    listens: list[Path]
    hours: list[Path]
    money: Money


def wants_hours(holds: Sequence[DatedHold]) -> bool:
    """Whether a rule in conf looks at the hours in which listeners played."""
    return any("active_hours" in RULES[hold.rule].needs for hold in holds)


def suspect(work: Work, payouts: Payouts, listens: list[Path], hours: list[Path], money: Money) -> list[Path]:
    """Files of what each entry finds (``suspicion.FOUND``)."""
    days = payouts.calendar.cut_off_days
    return work.store.spread(
        apply_entry,
        [
            EntryToApply(work.store.scratch, entry, work.rules, days, listens, hours, money)
            for entry in (entries(payouts.holds) if listens else [])
        ],
    )


def apply_entry(given: EntryToApply) -> Path:
    """Finds what the entry holds, and writes it to a file."""
    hold = given.entry.hold
    rule = RULES[hold.rule]
    with engine(given.scratch) as sql:
        sql.saved("frozen", given.listens, "")
        seen = facts("frozen", in_force(given.rules.min_heard_ms, "listen_day"), given.cut_off_days)
        sql.view("all_listens", seen)
        sql.view("listens", f"FROM all_listens WHERE {given.entry.days}")
        if "active_hours" in rule.needs:
            sql.saved("all_hours", given.hours, NO_HOURS)
            sql.view("active_hours", f"FROM all_hours WHERE {given.entry.days}")
        if "money" in rule.needs:
            _name_money(sql, given.money)
        return sql.save(given.scratch, suspicious(rule, hold))


def _name_money(sql: Engine, money: Money) -> None:
    """``brought``, by all listens of the month: what an entry finds among its own is measured against whole months."""
    for name in ("runs", "members", "pools"):
        sql.rows(name, getattr(money, name))
    sql.saved("splits", money.splits, NO_SPLITS)
    sql.saved("fees", money.fees, NO_FEES)
    sql.keep("brought", brought_by_listeners("all_listens", "runs", "members", "pools", "splits", "fees"))
