"""Dated rules, and how a query asks for the value in force."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dated:
    """A value in force for days on or after a date."""

    since: dt.date
    value: int


@dataclass(frozen=True, slots=True)
class CountingRules:
    """Each rule as its values by date, oldest first; the first holds on every earlier day too.

    Lengths in milliseconds, shares in per cent.
    """

    min_heard_ms: tuple[Dated, ...]
    completed_percent: tuple[Dated, ...]
    impossible_day_ms: tuple[Dated, ...]


def in_force(rule: Sequence[Dated], day: str) -> str:
    """The value of the rule on the day in that column, as SQL."""
    dated = "".join(f" WHEN {day} >= DATE '{later.since}' THEN {later.value}" for later in reversed(rule[1:]))
    return f"(CASE{dated} ELSE {rule[0].value} END)" if dated else str(rule[0].value)
