"""One share of the devices heard: what its progress events say of listens, and how much each device played a day."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from jobs.lake.engine import Engine, engine
from jobs.lake.parts import Part
from jobs.steps.shares import Share
from jobs.tables import DEVICE_DAYS, EVENTS, IMPOSSIBLE_DAYS
from jobs.transforms.listens import KEY, device_days, impossible_days, parts, progress
from jobs.transforms.rules import CountingRules

KEYS = ", ".join(KEY)


@dataclass(frozen=True, slots=True)
class ShareToHear:
    """The share, and the files that may hold its rows.

    ``came`` and ``went`` are files of events. With ``days`` (first and last, UTC) the device days of these dates are
    added up anew from ``came``, which are all events then; else what came and went changes them.
    """

    lake: Path
    scratch: Path
    share: Share
    rules: CountingRules
    came: list[Path]
    went: list[Path]
    device_days: list[Path]
    impossible_days: list[Path]
    days: tuple[dt.date, dt.date] | None = None


@dataclass(slots=True)
class Heard:
    """What a share came to.

    ``parts`` is a file of listen parts in the scratch folder; ``moved`` are the keys of listens that lost an event;
    ``days`` are new files of device days; ``impossible`` are new rows of the impossible days and ``possible`` the keys
    of those that are to go; ``crossing`` are the device days for which events heard earlier now count otherwise.
    """

    parts: Path
    moved: pa.Table
    impossible: pa.Table
    possible: pa.Table
    crossing: pa.Table
    days: list[Part] = field(default_factory=list)


def hear_share(given: ShareToHear) -> Heard:
    """Works out one share, and writes files that no commit names yet."""
    with engine(given.scratch) as sql:
        sql.files("device_days", DEVICE_DAYS, given.device_days, given.share.condition)
        sql.files("known_impossible", IMPOSSIBLE_DAYS, given.impossible_days)
        if given.days is None:
            _tell_apart(sql, given)
            _add_changes(sql)
        else:
            first, last = given.days
            asked = f"device_day BETWEEN DATE '{first}' AND DATE '{last}'"
            sql.files("came", EVENTS, given.came, given.share.condition)
            sql.keep("heard", f"FROM ({progress('came', given.rules)}) WHERE {asked}")
            sql.keep("unheard", "FROM heard LIMIT 0")
            _add_up(sql, given.days)
        sums = "device_id, day, sum(played_ms)::BIGINT AS played_ms, any_value(bucket) AS bucket"
        sql.keep("gained", f"SELECT {sums} FROM changes GROUP BY device_id, day HAVING sum(played_ms) <> 0")
        days = sql.write(given.lake / DEVICE_DAYS.name, DEVICE_DAYS, "FROM gained")
        _find_impossible(sql, given)
        path = sql.save(given.scratch, f"FROM ({parts('heard', 'impossible')}) ORDER BY listen_day")
        changed = "SELECT {names} FROM impossible_{one} EXCEPT SELECT {names} FROM impossible_{other}"
        sql.view("impossible_now", "FROM impossible")
        crossing = [
            changed.format(names="device_id, day", one=one, other=other)
            for one, other in (("now", "before"), ("before", "now"))
        ]
        every = "device_id, day, played_ms"
        return Heard(
            parts=path,
            moved=sql.query(f"SELECT DISTINCT {KEYS} FROM unheard"),
            impossible=sql.query(changed.format(names=every, one="now", other="before")),
            possible=sql.query(
                f"SELECT device_id, day FROM ({changed.format(names=every, one='before', other='now')})"
            ),
            crossing=sql.query(
                f"SELECT * FROM (({crossing[0]}) UNION ALL ({crossing[1]})) SEMI JOIN stored USING (device_id, day)"
            ),
            days=days,
        )


def _tell_apart(sql: Engine, given: ShareToHear) -> None:
    """``heard`` and ``unheard``: progress in files that came, and in files that went; of both only what differs.

    Rows that say the same of a listen stand for one another, whatever their ids, which need not be read.
    """
    sql.files("came", EVENTS, given.came, given.share.condition)
    sql.files("went", EVENTS, given.went, given.share.condition)
    if not given.went:
        sql.keep("heard", progress("came", given.rules))
        sql.keep("unheard", progress("went", given.rules))
        return
    sql.keep("in_came", progress("came", given.rules))
    sql.keep("in_went", progress("went", given.rules))
    sql.keep("heard", "FROM in_came EXCEPT ALL FROM in_went")
    sql.keep("unheard", "FROM in_went EXCEPT ALL FROM in_came")


def _add_changes(sql: Engine) -> None:
    """``changes``: what device days gained and lost by what came and went; ``stored``: what they had."""
    fewer = f"SELECT device_id, day, -played_ms AS played_ms, bucket FROM ({device_days('unheard')})"
    sql.keep("changes", f"FROM ({device_days('heard')}) UNION ALL {fewer}")
    days = sql.days("changes", "day")
    sql.keep("stored", f"SELECT * FROM device_days SEMI JOIN changes USING (device_id, day) WHERE {days}")


def _add_up(sql: Engine, days: tuple[dt.date, dt.date]) -> None:
    """The same where all that was heard on these days is known: what is stored is made to agree."""
    first, last = days
    sql.keep("stored", f"SELECT * FROM device_days WHERE day BETWEEN DATE '{first}' AND DATE '{last}'")
    sql.keep(
        "changes", f"FROM ({device_days('heard')}) UNION ALL SELECT device_id, day, -played_ms, bucket FROM stored"
    )


def _find_impossible(sql: Engine, given: ShareToHear) -> None:
    """``impossible``: those of the days in question that are over the limit now; ``impossible_before``: that were."""
    totals = "SELECT device_id, day, played_ms FROM stored UNION ALL SELECT device_id, day, played_ms FROM gained"
    sql.keep("impossible", impossible_days(f"({totals})", given.rules))
    sql.keep("impossible_before", "SELECT * FROM known_impossible SEMI JOIN changes USING (device_id, day)")
