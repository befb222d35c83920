"""What a rule that holds suspicious listens consists of, and how its entries in conf become a query."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jobs.finance.programs import DatedHold

FOUND = "listen_id, rule, measured, threshold, peers_median"
NOTHING_FOUND = """SELECT '' AS listen_id, '' AS rule, 0::BIGINT AS measured, 0::BIGINT AS threshold,
    0::BIGINT AS peers_median"""
"""What rules find, as a query without a row that matters."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A rule: something is measured for each ``unit`` (columns), and more than the threshold looks suspicious.

    ``measured`` makes a query of what conf allows, by name: ``threshold``, and each of ``settings`` with what it means.
    The query has the unit's columns and ``measured``, a whole number. It asks the relation ``listens``, those that
    count on the days of its entry in conf (``freezing.facts``), and what it ``needs`` besides: ``active_hours``
    (``listener_id, listen_day, hours``, a bit for each UTC hour with playing) or ``money`` (the relation ``brought``,
    see ``brought_by_listeners``). Of a suspicious unit the listens that meet ``which`` are held. ``about`` says what
    looks suspicious, ``of`` what is measured.
    """

    about: str
    unit: tuple[str, ...]
    of: str
    measured: Callable[[Mapping[str, int]], str]
    which: Callable[[Mapping[str, int]], str] = lambda allowed: "true"
    settings: Mapping[str, str] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of conf and the days on which it is in force, the last one (exclusive) null where none follows."""

    hold: DatedHold
    until: dt.date | None

    @property
    def days(self) -> str:
        """Which listens it is about, as SQL."""
        end = "" if self.until is None else f" AND listen_day < DATE '{self.until}'"
        return f"listen_day >= DATE '{self.hold.since}'{end}"


def entries(holds: Sequence[DatedHold]) -> list[Entry]:
    """The entries of conf: of several of one rule, each is in force until the next."""
    found = []
    for hold in holds:
        later = [other.since for other in holds if other.rule == hold.rule and other.since > hold.since]
        found.append(Entry(hold, min(later, default=None)))
    return found


def suspicious(rule: Suspicion, hold: DatedHold) -> str:
    """Rows of ``FOUND``: the listens that the rule holds, with the median of what was measured over all units.

    ``peers_median`` is the lower one of two middle ones: a whole number, as everything measured is.
    """
    allowed, unit = hold.allowed, ", ".join(rule.unit)
    return f"""
        WITH units AS MATERIALIZED ({rule.measured(allowed)}),
        peers AS (SELECT quantile_disc(measured, 0.5)::BIGINT AS peers_median FROM units)
        SELECT listen_id, '{hold.rule}' AS rule, measured::BIGINT AS measured, {hold.threshold}::BIGINT AS threshold,
            peers_median
        FROM (SELECT * FROM listens WHERE {rule.which(allowed)})
        JOIN (SELECT {unit}, measured FROM units WHERE measured > {hold.threshold}) USING ({unit}), peers"""
