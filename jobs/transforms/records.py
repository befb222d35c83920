"""From landed lines to judged records: contract sections 2 and 6, for what the line alone cannot tell."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.tables.bronze import ENVELOPE

PROTOCOL = "podledger/1"
OVERHANG_MS = 2000
HASHED = (
    "device_id",
    "log_epoch",
    "seq",
    "session_id",
    "session_wall_ms",
    "type",
    "episode_id",
    "wall_ms",
    "boot_id",
    "mono_ms",
    "from_ms",
    "to_ms",
    "rate_milli",
    "offline",
)


def exploded(lines: DataFrame) -> DataFrame:
    """One row a record of these ``bronze/sync_lines``: envelope, ``position`` from 0 and the record's fields."""
    envelope = [column.name for column in ENVELOPE]
    return lines.select("line_key", *envelope, F.posexplode("records").alias("position", "record")).select(
        "line_key", *envelope, "position", "record.*"
    )


def judged(records: DataFrame, episodes: DataFrame) -> DataFrame:
    """The records with ``reason``: null where accepted, else the first that applies.

    ``episodes`` gives ``episode_id`` and ``duration_ms``; a record of an episode that is not there keeps a
    null duration, by the left join, and is refused for it.
    """
    durations = F.broadcast(episodes.select("episode_id", "duration_ms"))
    reason = (
        F.when(F.col("malformed"), "malformed")
        .when(F.col("id") != record_id(), "hash_mismatch")
        .when(F.col("duration_ms").isNull(), "unknown_episode")
        .when(is_bad_interval(), "bad_interval")
    )
    return records.join(durations, "episode_id", "left").withColumn("reason", reason)


def record_id() -> Column:
    """The id that a record's content has: SHA-256, lower-case hex, of its fifteen values (section 2)."""
    values = [F.coalesce(F.col(name).cast("string"), F.lit("")) for name in HASHED]
    return F.sha2(F.concat_ws("\n", F.lit(PROTOCOL), *values), 256)


def is_bad_interval() -> Column:
    """Whether a progress record names content that its episode does not have; lengths in ms."""
    is_progress = F.col("type") == "progress"
    starts_before = F.col("from_ms") < 0
    is_empty = F.col("to_ms") <= F.col("from_ms")
    ends_after = F.col("to_ms") > F.col("duration_ms") + OVERHANG_MS
    return is_progress & (starts_before | is_empty | ends_after)


def refused_lines(lines: DataFrame) -> DataFrame:
    """Rows of ``silver/rejected`` for whole lines; text that is no UTF-8 keeps its bytes beside it."""
    text = F.try_validate_utf8(F.col("raw").cast("string"))
    return lines.where(F.col("reason").isNotNull()).select(
        F.col("line_key").alias("key"),
        "reason",
        "receipt",
        "dialect",
        F.coalesce(text, F.make_valid_utf8(F.col("raw").cast("string"))).alias("raw"),
        F.when(text.isNull(), F.col("raw")).alias("raw_bytes"),
        "line_key",
        F.lit(None).cast("int").alias("position"),
        F.lit(None).cast("string").alias("episode_id"),
        F.timestamp_millis("received_ms").alias("received_at"),
    )


def refused_records(refused: DataFrame, texts: DataFrame) -> DataFrame:
    """Rows of ``silver/rejected`` for records; ``texts`` gives ``line_key, position, raw`` of each of them."""
    return refused.join(texts, ["line_key", "position"], "left").select(
        F.concat_ws(":", "line_key", "position").alias("key"),
        "reason",
        "receipt",
        "dialect",
        "raw",
        F.lit(None).cast("binary").alias("raw_bytes"),
        "line_key",
        "position",
        "episode_id",
        F.timestamp_millis("received_ms").alias("received_at"),
    )
