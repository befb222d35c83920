"""Listens: what new events touch is worked again, and nothing else."""

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.steps.work import Report, Step, Work
from jobs.tables import EPISODES, EVENTS, IMPOSSIBLE_DAYS, LISTENS
from jobs.transforms.clock import is_sure
from jobs.transforms.listens import KEY, impossible_days, listens, progress

EPISODES_OF_LISTENS = ("show_id", "creator_id", "duration_ms")
"""What a listen takes from its episode."""
ONE_DAY = dt.timedelta(days=1)
DEVICE_DAY = ["device_id", "device_day"]


def _listens(work: Work) -> Report:
    report = Report("listens", news=True)
    heard = progress(work.read(EVENTS))
    if not work.store.count(LISTENS):
        _build(work, heard, report)
        return report
    came, went = work.store.differences(EVENTS, work.before("listens", EVENTS))
    changed = progress(came.unionByName(went))
    device_days = changed.where(is_sure()).select(*DEVICE_DAY).distinct().persist()
    crossing = _update_impossible_days(work, heard, device_days)
    touched = changed.select(*KEY).unionByName(_of_device_days(heard, crossing))
    touched = touched.unionByName(_of_episodes(work)).distinct().persist()
    _rebuild(work, heard, touched, report)
    return report


def _build(work: Work, heard: DataFrame, report: Report) -> None:
    """All listens from all events, for a lake that has none yet."""
    work.store.append(IMPOSSIBLE_DAYS, impossible_days(heard, work.rules))
    rows = listens(heard, work.store.read(IMPOSSIBLE_DAYS), work.read(EPISODES), work.rules)
    work.store.append(LISTENS, rows.repartition("listen_day"))
    report.figures["listens"] = work.store.count(LISTENS)


def _update_impossible_days(work: Work, heard: DataFrame, device_days: DataFrame) -> DataFrame:
    """Brings the impossible days of these device days up to date; returns those that became so, or are no more."""
    days = in_days(device_days, "device_day", back=1)
    of_those = heard.where(days).join(F.broadcast(device_days), DEVICE_DAY, "left_semi")
    now = impossible_days(of_those, work.rules).persist()
    stored = work.store.read(IMPOSSIBLE_DAYS)
    asked = device_days.select("device_id", F.col("device_day").alias("day"))
    before = stored.join(asked, ["device_id", "day"], "left_semi").persist()
    key = ["device_id", "day"]
    became = now.join(before, key, "left_anti").select(*key)
    no_more = before.join(now, key, "left_anti").select(*key)
    changed = now.exceptAll(before.select(*now.columns))
    crossing = became.unionByName(no_more).withColumnRenamed("day", "device_day").persist()
    if changed.head(1) or no_more.head(1):
        work.store.put(IMPOSSIBLE_DAYS, changed, gone=no_more)
    return crossing


def _of_device_days(heard: DataFrame, device_days: DataFrame) -> DataFrame:
    """Keys of the listens that hold an event of these device days."""
    days = in_days(device_days, "device_day", back=1)
    return heard.where(days).join(F.broadcast(device_days), DEVICE_DAY, "left_semi").select(*KEY)


def _of_episodes(work: Work) -> DataFrame:
    """Keys of the listens whose episode has another length, show or creator than when they were made."""
    before = work.before("listens", EPISODES)
    stored = work.read(LISTENS).select(*KEY)
    if before == work.state.tables[EPISODES.name]:
        return stored.where(F.lit(False))
    changed = changed_episodes(work, before, EPISODES_OF_LISTENS)
    return stored.join(F.broadcast(changed), "episode_id", "left_semi")


def changed_episodes(work: Work, since: int, columns: Sequence[str]) -> DataFrame:
    """``episode_id`` of each episode of which one of these columns is not what it was at that version."""
    named = ["episode_id", *columns]
    changed = work.read(EPISODES).select(*named).exceptAll(work.store.read(EPISODES, since).select(*named))
    return changed.select("episode_id")


def _rebuild(work: Work, heard: DataFrame, touched: DataFrame, report: Report) -> None:
    """Replaces the listens with these keys by what all their events say; those without events go."""
    days = in_days(touched, "listen_day")
    of_those = heard.where(days).join(touched, list(KEY), "left_semi")
    rows = listens(of_those, work.store.read(IMPOSSIBLE_DAYS), work.read(EPISODES), work.rules).persist()
    stored = work.read(LISTENS).where(days).join(touched, list(KEY), "left_semi")
    gone = stored.join(rows, list(KEY), "left_anti")
    columns = LISTENS.column_names
    changed = rows.select(*columns).exceptAll(stored.select(*columns)).persist()
    report.figures |= {"touched": touched.count(), "changed": changed.count()}
    work.store.put(LISTENS, changed.repartition("listen_day"), gone=gone)


def replay_step(first: dt.date, last: dt.date) -> Step:
    """The step that makes the listens of these days (both included) anew from all their events."""
    return Step(
        "replay",
        reads=(EVENTS, EPISODES),
        writes=(IMPOSSIBLE_DAYS, LISTENS),
        run=lambda work: _replay(work, first, last),
        has_news=lambda work: LISTENS.name in work.state.tables,
    )


def _replay(work: Work, first: dt.date, last: dt.date) -> Report:
    report = Report("replay", news=True)
    heard = progress(work.read(EVENTS))
    asked = F.col("listen_day").between(F.lit(first), F.lit(last))
    of_days = heard.where(asked)
    device_days = of_days.where(is_sure()).select(*DEVICE_DAY).distinct().persist()
    crossing = _update_impossible_days(work, heard, device_days)
    stored = work.read(LISTENS).where(asked).select(*KEY)
    touched = of_days.select(*KEY).unionByName(stored).unionByName(_of_device_days(heard, crossing))
    _rebuild(work, heard, touched.distinct().persist(), report)
    return report


def in_days(rows: DataFrame, column: str, back: int = 0) -> Column:
    """A condition on ``listen_day`` that lets Spark skip the partitions of all other days.

    ``back`` reaches that many days further into the past: a session may begin on the day before.
    """
    days = {row[0] for row in rows.select(column).distinct().collect()}
    for _ in range(back):
        days |= {day - ONE_DAY for day in days}
    return F.col("listen_day").isin(sorted(days)) if days else F.lit(False)


LISTENS_STEP = Step(
    "listens",
    reads=(EVENTS, EPISODES),
    writes=(IMPOSSIBLE_DAYS, LISTENS),
    run=_listens,
)
