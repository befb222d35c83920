"""What a new catalogue has judged again: records that an episode's appearance or new length concerns."""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.steps.work import Work
from jobs.tables import EPISODES, EVENTS, REJECTED, SYNC_RECORDS
from jobs.transforms.records import OVERHANG_MS, judged

PLACE = ["line_key", "position"]


@dataclass(frozen=True, slots=True)
class Reopened:
    """Records to be judged again.

    ``records`` are refused ones, rows of ``bronze/sync_records``, and ``refusals`` their keys in
    ``silver/rejected``. ``fallen`` are events (``id, listen_day``) that are none any more, ``fallen_copies``
    all copies of them, judged.
    """

    records: DataFrame | None = None
    refusals: DataFrame | None = None
    fallen: DataFrame | None = None
    fallen_copies: DataFrame | None = None


def reopened(work: Work) -> Reopened:
    """What the catalogue has changed since records were last counted; nothing, if it has not."""
    before = work.before("count", EPISODES)
    if before in (-1, work.state.tables.get(EPISODES.name, -1)):
        return Reopened()
    episodes = work.read(EPISODES)
    old = work.store.read(EPISODES, before).select("episode_id", F.col("duration_ms").alias("old_ms"))
    is_changed = ~F.col("duration_ms").eqNullSafe(F.col("old_ms"))
    changed = episodes.join(old, "episode_id", "left").where(is_changed).select("episode_id", "duration_ms")
    changed = changed.persist()
    if not changed.head(1):
        return Reopened()
    records, refusals = _refused(work, changed)
    fallen, copies = _fallen(work, changed, episodes)
    return Reopened(records, refusals, fallen, copies)


def _refused(work: Work, changed: DataFrame) -> tuple[DataFrame | None, DataFrame | None]:
    of_episode = F.col("reason").isin("unknown_episode", "bad_interval") & F.col("position").isNotNull()
    refused = work.read(REJECTED).where(of_episode).join(F.broadcast(changed), "episode_id", "left_semi")
    refused = refused.select("key", *PLACE).persist()
    if not refused.head(1):
        return None, None
    records = work.read(SYNC_RECORDS).join(refused.select(*PLACE), PLACE, "left_semi")
    return records, refused.select("key")


def _fallen(work: Work, changed: DataFrame, episodes: DataFrame) -> tuple[DataFrame | None, DataFrame | None]:
    reaches_over = F.col("to_ms") > F.col("duration_ms") + OVERHANG_MS
    events = work.read(EVENTS).where(F.col("type") == "progress")
    fallen = events.join(F.broadcast(changed), "episode_id", "inner").where(reaches_over)
    fallen = fallen.select("id", "listen_day").persist()
    if not fallen.head(1):
        return None, None
    counted = F.col("landed_in") <= work.state.done["counted"]["landing"]
    copies = work.read(SYNC_RECORDS).where(counted).join(fallen.select("id"), "id", "left_semi")
    return fallen, judged(copies, episodes).where(F.col("reason") == "bad_interval")
