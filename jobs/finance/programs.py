"""Programs, their dated rules and shows, and the life of a period: what conf/payouts.toml says."""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from jobs.finance.periods import Calendar, Period

ID = re.compile(r"[A-Za-z][A-Za-z0-9._:-]*")
"""How payees, documents, programs and campaigns may be named."""
EVERY_SHOW = "*"


class Rule(StrEnum):
    """The rules by which a program's money is divided."""

    PRO_RATA = "pro_rata"
    CAPPED = "capped"
    USER_CENTRIC = "user_centric"
    SCALED_USER = "scaled_user"
    CPM = "cpm"


OF_USERS = (Rule.USER_CENTRIC, Rule.SCALED_USER)
"""Rules that divide what each listener paid."""
OF_A_POOL = (Rule.PRO_RATA, Rule.CAPPED)
"""Rules that divide one pool by listening; only these take up what stayed undistributed."""


@dataclass(frozen=True, slots=True)
class DatedRule:
    """A rule in force from the first of a month on; ``cap_ms`` is there for ``capped`` alone."""

    since: Period
    rule: Rule
    cap_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ShowSpan:
    """A show's days in a program: from the first on, up to the day ``to``, exclusive (None: without end)."""

    show_id: str
    since: dt.date
    to: dt.date | None = None

    def overlaps(self, other: "ShowSpan") -> bool:
        """Whether both speak of one show and share a day."""
        early, late = sorted((self, other), key=lambda span: span.since)
        is_one_show = self.show_id == other.show_id or EVERY_SHOW in (self.show_id, other.show_id)
        return is_one_show and (early.to is None or late.since < early.to)


@dataclass(frozen=True, slots=True)
class Program:
    """One source of money, and what it is divided among."""

    name: str
    rules: tuple[DatedRule, ...]
    shows: tuple[ShowSpan, ...]
    plays_as_they_are: tuple[Period, ...] = ()
    """Months that are settled by the ad plays there are, although these do not reach their end."""

    def rule(self, period: Period) -> DatedRule | None:
        """The rule in force in that month; None before the first."""
        return next((rule for rule in reversed(self.rules) if rule.since <= period), None)


@dataclass(frozen=True, slots=True)
class DatedHold:
    """A rule that holds listens from a day on: what is measured may be no more than the threshold.

    ``settings`` are the rule's other numbers, by name.
    """

    rule: str
    since: dt.date
    threshold: int
    settings: tuple[tuple[str, int], ...] = ()

    @property
    def allowed(self) -> dict[str, int]:
        """Its numbers by name."""
        return {"threshold": self.threshold, **dict(self.settings)}


@dataclass(frozen=True, slots=True)
class Payouts:
    """Everything in conf/payouts.toml, checked."""

    calendar: Calendar
    approvals: int
    hold_days: int
    hold_unsure_clocks: bool
    pay_claimed: bool
    programs: Mapping[str, Program]
    minimum: Mapping[str, int] = field(default_factory=dict)
    holds: tuple[DatedHold, ...] = ()

    @property
    def checksum(self) -> str:
        """SHA-256 of all that it says, in hex; the same for files that differ in comments or layout alone."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def rule(self, program: str, period: Period) -> DatedRule | None:
        """The program's rule in that month; None where there is no such program, or no rule yet."""
        known = self.programs.get(program)
        return None if known is None else known.rule(period)
