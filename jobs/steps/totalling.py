"""Some days of listens put together: stored ones, new parts, and those that were heard again."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from jobs.lake.engine import Engine, engine
from jobs.lake.parts import Part
from jobs.steps.hearing import KEYS
from jobs.tables import EPISODES, LISTEN_SESSIONS, LISTENS
from jobs.transforms.listens import as_parts, listen_id, listens, summed
from jobs.transforms.rules import CountingRules

BIG_DAY = 1_000
"""Listens of a day that are worth a file of their own; days with fewer share one."""
COLUMNS = ", ".join(f'"{name}"' for name in LISTENS.column_names)


@dataclass(frozen=True, slots=True)
class DaysToTotal:
    """The days (UTC), the files in question, and the rules.

    ``parts`` add to what is stored; the listens whose keys are in ``again`` are made of ``whole`` alone, or go.
    ``recatalogued`` are episodes of which a listen takes something that has changed.
    """

    lake: Path
    scratch: Path
    days: list[dt.date]
    rules: CountingRules
    parts: list[Path]
    again: list[Path]
    whole: list[Path]
    stored: list[Path]
    sessions: list[Path]
    episodes: list[Path]
    recatalogued: list[str]

    @property
    def condition(self) -> str:
        """Which rows are of these days, in SQL."""
        days = ", ".join(f"DATE '{day}'" for day in self.days)
        return f"listen_day IN ({days})"


@dataclass(slots=True)
class Totalled:
    """New files, keys of rows that go and files that hold them, and how many listens were looked at and changed."""

    listens: list[Part] = field(default_factory=list)
    sessions: list[Part] = field(default_factory=list)
    listens_gone: pa.Table | None = None
    sessions_gone: pa.Table | None = None
    listens_held_in: list[Path] = field(default_factory=list)
    sessions_held_in: list[Path] = field(default_factory=list)
    touched: int = 0
    changed: int = 0


def total_days(given: DaysToTotal) -> Totalled:
    """Puts the listens of these days together, and writes files that no commit names yet."""
    totalled = Totalled()
    with engine(given.scratch) as sql:
        _name_parts(sql, given)
        _name_stored(sql, given)
        sql.keep("all_parts", "FROM added UNION ALL FROM held UNION ALL FROM whole")
        sql.keep("rows", listens(f"({summed('all_parts')})", "episodes", given.rules))
        changed = f"SELECT {COLUMNS} FROM rows"
        if sql.value("SELECT count(*) FROM stored"):
            changed += f" EXCEPT SELECT {COLUMNS} FROM stored"
        sql.keep("changed", changed)
        sql.keep(
            "gone",
            "SELECT listen_id, listen_day FROM stored SEMI JOIN changed USING (listen_id) "
            "UNION ALL SELECT listen_id, listen_day FROM stored ANTI JOIN rows USING (listen_id)",
        )
        totalled.touched = sql.value("SELECT count(*) FROM rows") + sql.value(
            "SELECT count(*) FROM stored ANTI JOIN rows USING (listen_id)"
        )
        totalled.changed = sql.value("SELECT count(*) FROM changed")
        totalled.listens_gone = sql.query("FROM gone")
        totalled.listens_held_in = _found_in(sql, "there SEMI JOIN gone USING (listen_id)")
        for days in _groups(sql):
            totalled.listens += sql.write(
                given.lake / LISTENS.name, LISTENS, f"FROM changed WHERE listen_day BETWEEN {days}"
            )
        _write_sessions(sql, given, totalled)
    return totalled


def _name_parts(sql: Engine, given: DaysToTotal) -> None:
    like = as_parts("listens", "listen_sessions")
    sql.files("listens", LISTENS, given.stored, given.condition, with_file=True)
    sql.files("listen_sessions", LISTEN_SESSIONS, given.sessions, given.condition, with_file=True)
    sql.files("episodes", EPISODES, given.episodes)
    for name, paths in (("all_added", given.parts), ("all_whole", given.whole)):
        sql.saved(name, paths, like)
    sql.saved("all_again", given.again, f"SELECT {KEYS} FROM listens")
    sql.keep("again", f"SELECT DISTINCT {KEYS} FROM all_again WHERE {given.condition}")
    sql.keep("added", f"SELECT * FROM all_added ANTI JOIN again USING ({KEYS}) WHERE {given.condition}")
    sql.keep("whole", f"SELECT * FROM all_whole SEMI JOIN again USING ({KEYS}) WHERE {given.condition}")


def _name_stored(sql: Engine, given: DaysToTotal) -> None:
    """``stored``: the listens in question as they are; ``held``: those of them that stand, as parts."""
    sql.rows("recatalogued", pa.table({"episode_id": pa.array(given.recatalogued, pa.string())}))
    touched = f"SELECT {KEYS} FROM added UNION SELECT {KEYS} FROM again"
    if given.recatalogued:
        touched += f" UNION SELECT {KEYS} FROM listens SEMI JOIN recatalogued USING (episode_id)"
    sql.keep("touched", f"SELECT *, {listen_id('t')} AS listen_id FROM ({touched}) AS t")
    there = "SELECT listen_id, listen_day, found_in FROM listens SEMI JOIN touched USING (listen_id, listen_day)"
    sql.keep("there", there)
    days = sql.days("there")
    sql.keep("stored", f"SELECT {COLUMNS} FROM listens SEMI JOIN there USING (listen_id) WHERE {days}")
    sql.keep(
        "known_sessions",
        f"FROM listen_sessions SEMI JOIN there USING (listen_id) WHERE {days}",
    )
    sql.view("standing", f"SELECT * FROM stored ANTI JOIN again USING ({KEYS})")
    sql.keep("held", as_parts("standing", "known_sessions"))


def _groups(sql: Engine) -> list[str]:
    """The days of the changed listens as ranges, a file each: a big day alone, others together."""
    by_day = sql.query("SELECT listen_day, count(*) AS listens FROM changed GROUP BY 1 ORDER BY 1").to_pylist()
    groups: list[list[dt.date]] = []
    was_big = True
    for row in by_day:
        is_big = row["listens"] >= BIG_DAY
        if is_big or was_big:
            groups.append([])
        groups[-1].append(row["listen_day"])
        was_big = is_big
    return [f"DATE '{days[0]}' AND DATE '{days[-1]}'" for days in groups]


def _write_sessions(sql: Engine, given: DaysToTotal, totalled: Totalled) -> None:
    told = "SELECT listen_id, listen_day, unnest(session_ids) AS session_id FROM rows"
    new = f"SELECT * FROM ({told}) ANTI JOIN known_sessions USING (listen_id, session_id)"
    totalled.sessions = sql.write(given.lake / LISTEN_SESSIONS.name, LISTEN_SESSIONS, new)
    sql.keep("sessions_gone", f"FROM known_sessions ANTI JOIN ({told}) USING (listen_id, session_id)")
    totalled.sessions_gone = sql.query("SELECT * EXCLUDE (found_in) FROM sessions_gone")
    totalled.sessions_held_in = _found_in(sql, "sessions_gone")


def _found_in(sql: Engine, rows: str) -> list[Path]:
    """The files that hold these rows."""
    return [Path(path) for path in sql.query(f"SELECT DISTINCT found_in FROM {rows}").column(0).to_pylist()]
