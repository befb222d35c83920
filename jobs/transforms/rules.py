"""Dated rules as Spark expressions."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F


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


def in_force(rule: Sequence[Dated], day: str) -> Column:
    """The value of the rule on the day in that column."""
    value = F.lit(rule[0].value).cast("bigint")
    for dated in rule[1:]:
        value = F.when(F.col(day) >= F.lit(dated.since), F.lit(dated.value).cast("bigint")).otherwise(value)
    return value


def in_force_sql(rule: Sequence[Dated], day: str) -> str:
    """The same as SQL text."""
    dated = "".join(f" WHEN {day} >= DATE'{later.since}' THEN {later.value}" for later in reversed(rule[1:]))
    return f"(CASE{dated} ELSE {rule[0].value} END)" if dated else str(rule[0].value)
