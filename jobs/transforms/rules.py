"""Dated rules, and how a query asks for the value in force."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dated:
    """A value in force for days on or after a date."""

    since: dt.date
    value: int


@dataclass(frozen=True, slots=True)
class DatedNames:
    """A list in force for days on or after a date, until the next one; before the first there is none."""

    since: dt.date
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CountingRules:
    """Each rule as its values by date, oldest first; the first holds on every earlier day too.

    Lengths in milliseconds, shares in per cent. Of lists the first holds from its date on.
    """

    min_heard_ms: tuple[Dated, ...]
    completed_percent: tuple[Dated, ...]
    impossible_day_ms: tuple[Dated, ...]
    bot_agents: tuple[DatedNames, ...] = ()


def in_force(rule: Sequence[Dated], day: str) -> str:
    """The value of the rule on the day in that column, as SQL."""
    dated = "".join(f" WHEN {day} >= DATE '{later.since}' THEN {later.value}" for later in reversed(rule[1:]))
    return f"(CASE{dated} ELSE {rule[0].value} END)" if dated else str(rule[0].value)


def names_a_product(rule: Sequence[DatedNames], day: str, agent: str) -> str:
    """Whether a user agent names a product of the list in force on the day in that column, as SQL; never null.

    A product is a whole word before ``/`` and its version (RFC 9110, section 10.1.5), so that no part of one is found:
    ``CUBOT_X30`` is a telephone, and no ``BOT``.
    """
    dated = "".join(
        f" WHEN {day} >= DATE '{one.since}' THEN coalesce(regexp_matches({agent}, '{_products(one.names)}'), false)"
        for one in reversed(rule)
    )
    return f"(CASE{dated} ELSE false END)" if dated else "false"


def _products(names: Sequence[str]) -> str:
    return f"(^|[^A-Za-z0-9._-])({'|'.join(re.escape(name) for name in names)})/"
