"""Listens that an addition cannot mend: their keys, and their parts worked out again from all their events."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from jobs.lake.engine import engine
from jobs.steps.hearing import KEYS
from jobs.steps.shares import Share
from jobs.tables import EVENTS, IMPOSSIBLE_DAYS
from jobs.transforms.listens import parts, progress
from jobs.transforms.rules import CountingRules


@dataclass(frozen=True, slots=True)
class ShareToRehear:
    """The share, the files of its events and of the impossible days, and a file of what is asked for.

    That are device days for :func:`keys_of_share`, and keys of listens for :func:`rehear_share`. ``days`` are the days
    of all listens in question; the files hold all events of these.
    """

    scratch: Path
    share: Share
    events: list[Path]
    impossible_days: list[Path]
    asked: Path
    days: frozenset[dt.date]
    rules: CountingRules

    @property
    def condition(self) -> str:
        """Which events may be in question, in SQL."""
        days = ", ".join(f"DATE '{day}'" for day in sorted(self.days))
        return f"{self.share.condition} AND listen_day IN ({days})"


def keys_of_share(given: ShareToRehear) -> pa.Table:
    """Keys of the listens that hold an event of these device days by a sure clock."""
    with engine(given.scratch) as sql:
        sql.files("events", EVENTS, given.events, given.condition)
        sql.saved("asked", [given.asked], "")
        sql.view("heard", progress("events", given.rules))
        days = "SELECT device_id, day AS device_day FROM asked"
        return sql.query(
            f"SELECT DISTINCT {KEYS} FROM heard SEMI JOIN ({days}) AS d USING (device_id, device_day) WHERE is_sure"
        )


def rehear_share(given: ShareToRehear) -> Path:
    """Saves the parts of the listens with these keys, from all their events in this share."""
    with engine(given.scratch) as sql:
        sql.files("events", EVENTS, given.events, given.condition)
        sql.files("impossible_days", IMPOSSIBLE_DAYS, given.impossible_days)
        sql.saved("asked", [given.asked], "")
        sql.keep("heard", f"SELECT * FROM ({progress('events', given.rules)}) SEMI JOIN asked USING ({KEYS})")
        return sql.save(given.scratch, f"FROM ({parts('heard', 'impossible_days')}) ORDER BY listen_day")
