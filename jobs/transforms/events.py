"""From accepted copies to events: the copy that counts, one an id (contract section 5)."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

COUNTING_ORDER = ("received_ms", "receipt", "line_key", "position")


def counting_copies(accepted: DataFrame) -> DataFrame:
    """One row an ``id``: the copy with the smallest :data:`COUNTING_ORDER`.

    All copies of an id come from one log and stand at one place in it, so rows are brought together and sorted by
    two numbers first, which is far cheaper than by texts; events of a device lie together for it.
    """
    by_log = accepted.withColumn("log", F.xxhash64("device_id", "log_epoch")).repartition("log")
    in_order = Window.partitionBy("log", "seq", "id").orderBy(*COUNTING_ORDER)
    return by_log.withColumn("rank", F.row_number().over(in_order)).where(F.col("rank") == 1).drop("rank", "log")


def as_events(copies: DataFrame) -> DataFrame:
    """Rows of ``silver/events`` from counting copies that were placed in time."""
    device = F.col("device_id")
    has_account = F.coalesce(F.length("account_id") > 0, F.lit(False))
    return copies.select(
        "id",
        "device_id",
        "log_epoch",
        "seq",
        F.when(has_account, F.col("account_id")).otherwise(device).alias("listener_id"),
        "episode_id",
        "type",
        F.timestamp_millis("at_ms").alias("at"),
        F.timestamp_millis("session_at_ms").alias("session_at"),
        "clock",
        F.timestamp_millis("received_ms").alias("received_at"),
        F.to_date(F.timestamp_millis("session_at_ms")).alias("listen_day"),
        "dialect",
        F.lit("measured").alias("evidence"),
        "session_id",
        "from_ms",
        "to_ms",
        "rate_milli",
        "offline",
        "wall_ms",
        "country",
        "user_agent",
        "network",
        "receipt",
        "line_key",
        "position",
    )


def counts_before(copy: str, event: str) -> Column:
    """Whether the copy under one alias comes before the event under the other in the counting order."""

    def place(alias: str) -> Column:
        return F.struct(*(F.col(f"{alias}.{name}") for name in ("received_at", "receipt", "line_key", "position")))

    return place(copy) < place(event)
