"""Which records are refused: contract section 6, for what the line alone cannot tell."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

OVERHANG_MS = 2000


def judged(records: DataFrame, episodes: DataFrame) -> DataFrame:
    """Rows of ``bronze/sync_records`` with ``reason``: null where accepted, else the first that applies.

    ``episodes`` gives ``episode_id`` and ``duration_ms``; a record of an episode that is not there keeps a
    null duration, by the left join, and is refused for it.
    """
    durations = F.broadcast(episodes.select("episode_id", "duration_ms"))
    by_catalogue = F.when(F.col("duration_ms").isNull(), "unknown_episode").when(is_bad_interval(), "bad_interval")
    return records.join(durations, "episode_id", "left").withColumn("reason", F.coalesce("reason", by_catalogue))


def is_bad_interval() -> Column:
    """Whether a progress record names content that its episode does not have; lengths in ms."""
    is_progress = F.col("type") == "progress"
    starts_before = F.col("from_ms") < 0
    is_empty = F.col("to_ms") <= F.col("from_ms")
    ends_after = F.col("to_ms") > F.col("duration_ms") + OVERHANG_MS
    return is_progress & (starts_before | is_empty | ends_after)
