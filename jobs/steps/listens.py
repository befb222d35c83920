"""Listens: what new events add to them is added; what an addition cannot mend is worked out again from all events."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake.delta import Within
from jobs.steps.catalogue import changed_episodes
from jobs.steps.hearing import KEYS, Heard, ShareToHear, hear_share
from jobs.steps.rehearing import ShareToRehear, keys_of_share, rehear_share
from jobs.steps.shares import shares
from jobs.steps.totalling import DaysToTotal, total_days
from jobs.steps.work import Report, Step, Work
from jobs.tables import DEVICE_DAYS, EPISODES, EVENTS, IMPOSSIBLE_DAYS, LISTEN_SESSIONS, LISTENS

Result = TypeVar("Result")
EPISODES_OF_LISTENS = ("show_id", "creator_id", "duration_ms")
"""What a listen takes from its episode."""
ONE_DAY = dt.timedelta(days=1)
LISTENS_OF_TASK = 60_000
LOOKED_THROUGH = 4
"""So many rows that are only compared, or looked through for a few, cost as much as one that is heard."""


@dataclass(slots=True)
class Again:
    """Keys of listens to be made anew, in files, and files of all their parts."""

    keys: list[Path] = field(default_factory=list)
    whole: list[Path] = field(default_factory=list)


def _listens(work: Work) -> Report:
    came, went = work.store.differences(EVENTS, work.before("listens", EVENTS))
    heard = _hear(work, came, went)
    moved = pa.concat_tables(one.moved for one in heard) if heard else None
    again = _again(work, moved, heard, work.state.tables[EVENTS.name])
    return _total(work, Report("listens", news=True), [one.parts for one in heard], again)


def _hear(
    work: Work, came: Sequence[Path], went: Sequence[Path], days: tuple[dt.date, dt.date] | None = None
) -> list[Heard]:
    """Hears all shares, and keeps what they found of device days."""
    store = work.store
    rows, rows_before = (sum(pq.read_metadata(path).num_rows for path in paths) for paths in (came, went))
    events = max(rows - rows_before, 0) + 2 * rows_before // LOOKED_THROUGH
    old = set(store.files(EVENTS, work.before("listens", EVENTS)))
    asked = []
    for share in shares(events) if rows + rows_before else []:
        near = {*work.files(EVENTS, share.within)} | old
        asked.append(
            ShareToHear(
                lake=work.settings.lake,
                scratch=store.scratch,
                share=share,
                rules=work.rules,
                came=[path for path in came if path in near],
                went=list(went),
                device_days=store.files(DEVICE_DAYS, within=share.within),
                impossible_days=store.files(IMPOSSIBLE_DAYS),
                days=days,
            )
        )
    heard = store.spread(hear_share, asked)
    store.add_parts(DEVICE_DAYS, [part for one in heard for part in one.days])
    _put_impossible(work, heard)
    return heard


def _put_impossible(work: Work, heard: Sequence[Heard]) -> None:
    new = _joined(one.impossible for one in heard)
    gone = _joined(one.possible for one in heard)
    if new is None and gone is None:
        return
    parts = []
    if new is not None:
        with work.store.engine() as sql:
            sql.rows("new", new)
            parts = sql.write(work.store.folder(IMPOSSIBLE_DAYS), IMPOSSIBLE_DAYS, "FROM new")
    work.store.put(IMPOSSIBLE_DAYS, parts, gone)


def _again(work: Work, moved: pa.Table | None, heard: Sequence[Heard], version: int) -> Again:
    """Hears again the listens that lost an event, and those with events of days that became impossible, or possible.

    All their events are those at that version.
    """
    keys = [moved] if moved is not None and moved.num_rows else []
    crossing = _joined(one.crossing for one in heard)
    if crossing is not None:
        on = set(crossing.column("day").to_pylist())
        begun = on | {day - ONE_DAY for day in on}  # a session may play into the day after
        keys += _rehear(work, keys_of_share, _to_rehear(work, _saved(work, crossing), begun, version))
    found = _joined(keys)
    if found is None:
        return Again()
    path, days = _saved(work, found), set(found.column("listen_day").to_pylist())
    return Again([path], _rehear(work, rehear_share, _to_rehear(work, path, days, version)))


def _rehear(work: Work, task: Callable[[ShareToRehear], Result], asked: list[ShareToRehear]) -> list[Result]:
    """The task's results; what is one share is done at once, as that costs less than to hand it over."""
    return [task(asked[0])] if len(asked) == 1 else work.store.spread(task, asked)


def _to_rehear(work: Work, asked: Path, days: set[dt.date], version: int) -> list[ShareToRehear]:
    """What is asked for in each share of the events of these days."""
    store = work.store
    impossible = store.files(IMPOSSIBLE_DAYS)
    within: Within = {"listen_day": days}
    return [
        ShareToRehear(
            store.scratch,
            share,
            store.files(EVENTS, version, {**share.within, **within}),
            impossible,
            asked,
            frozenset(days),
            work.rules,
        )
        for share in shares(store.about_on(EVENTS, "listen_day", days, version) // LOOKED_THROUGH)
    ]


def _total(work: Work, report: Report, parts: Sequence[Path], again: Again) -> Report:
    """Puts the listens together, day by day, and commits them."""
    is_first = not work.store.count(LISTENS)
    recatalogued = _recatalogued(work)
    asked = [
        _days(work, days, parts, again, recatalogued)
        for days in _days_in_question(work, [*parts, *again.keys], bool(recatalogued))
    ]
    totalled = work.store.spread(total_days, asked)
    listens = [part for one in totalled for part in one.listens]
    held_in = sorted({path for one in totalled for path in one.listens_held_in})
    work.store.put(LISTENS, listens, _joined(one.listens_gone for one in totalled), held_in)
    sessions = [part for one in totalled for part in one.sessions]
    held_in = sorted({path for one in totalled for path in one.sessions_held_in})
    work.store.put(LISTEN_SESSIONS, sessions, _joined(one.sessions_gone for one in totalled), held_in)
    if is_first:
        report.figures["listens"] = work.store.count(LISTENS)
    else:
        report.figures |= {name: sum(getattr(one, name) for one in totalled) for name in ("touched", "changed")}
    return report


def _days(work: Work, days: list[dt.date], parts: Sequence[Path], again: Again, recatalogued: list[str]) -> DaysToTotal:
    within = {"listen_day": set(days)}
    return DaysToTotal(
        lake=work.settings.lake,
        scratch=work.store.scratch,
        days=days,
        rules=work.rules,
        parts=list(parts),
        again=again.keys,
        whole=again.whole,
        stored=work.store.files(LISTENS, within=within),
        sessions=work.store.files(LISTEN_SESSIONS, within=within),
        episodes=work.files(EPISODES),
        recatalogued=recatalogued,
    )


def _days_in_question(work: Work, saved: Sequence[Path], with_stored: bool) -> list[list[dt.date]]:
    """The days of which listens may change, in groups with about so many listens each."""
    with work.store.engine() as sql:
        sql.files("listens", LISTENS, work.store.files(LISTENS) if with_stored else [])
        days = "SELECT listen_day FROM listens"
        if saved:
            sql.saved("saved", saved, "")
            days += " UNION ALL SELECT listen_day FROM saved"
        counted = sql.query(f"SELECT listen_day, count(*) AS listens FROM ({days}) GROUP BY 1 ORDER BY 1").to_pylist()
    groups: list[list[dt.date]] = []
    held = LISTENS_OF_TASK
    for row in counted:
        if held + row["listens"] > LISTENS_OF_TASK:
            groups.append([])
            held = 0
        groups[-1].append(row["listen_day"])
        held += row["listens"]
    return groups


def _recatalogued(work: Work) -> list[str]:
    """Episodes that have another length, show or creator than when listens were last made."""
    if not work.store.count(LISTENS):
        return []
    return changed_episodes(work, work.before("listens", EPISODES), EPISODES_OF_LISTENS)


def _saved(work: Work, asked: pa.Table) -> Path:
    with work.store.engine() as sql:
        sql.rows("asked", asked)
        return sql.save(work.store.scratch, "SELECT DISTINCT * FROM asked")


def _joined(tables: Iterable[pa.Table | None]) -> pa.Table | None:
    """All rows together; None where there are none."""
    some = [table for table in tables if table is not None and table.num_rows]
    return pa.concat_tables(some) if some else None


def replay_step(first: dt.date, last: dt.date) -> Step:
    """The step that makes the listens of these days (both included) anew from all their events."""
    return Step(
        "replay",
        reads=(EVENTS, EPISODES),
        writes=(DEVICE_DAYS, IMPOSSIBLE_DAYS, LISTENS, LISTEN_SESSIONS),
        run=lambda work: _replay(work, first, last),
        has_news=lambda work: LISTENS.name in work.state.tables,
    )


def _replay(work: Work, first: dt.date, last: dt.date) -> Report:
    """A session may play into the day after, so device days up to that one are added up anew.

    Events that listens have not heard yet are left to them: they would be added twice.
    """
    version = work.before("listens", EVENTS)
    within: Within = {"listen_day": (first, last)}
    heard = _hear(work, work.store.files(EVENTS, version), [], (first, last + ONE_DAY))
    asked = f"listen_day BETWEEN DATE '{first}' AND DATE '{last}'"
    with work.store.engine() as sql:
        sql.files("events", EVENTS, work.store.files(EVENTS, version, within))
        sql.files("listens", LISTENS, work.files(LISTENS, within))
        progress = f"SELECT {KEYS} FROM events WHERE type = 'progress' AND {asked}"
        keys = sql.query(f"{progress} UNION SELECT {KEYS} FROM listens WHERE {asked}")
    return _total(work, Report("replay", news=True), [], _again(work, keys, heard, version))


LISTENS_STEP = Step(
    "listens",
    reads=(EVENTS, EPISODES),
    writes=(DEVICE_DAYS, IMPOSSIBLE_DAYS, LISTENS, LISTEN_SESSIONS),
    run=_listens,
)
