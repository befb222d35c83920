"""From events to listens: contract section 7."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.transforms.clock import is_sure
from jobs.transforms.intervals import islands
from jobs.transforms.rules import CountingRules, in_force

KEY = ("listener_id", "episode_id", "listen_day", "evidence")
IMPOSSIBLE_DAY = "impossible_day"


def played_ms() -> Column:
    """Time spent on a progress event: its length over its rate, floored, ms; no step overflows a BIGINT."""
    return F.expr(
        "((to_ms - from_ms) div rate_milli) * 1000 + (((to_ms - from_ms) % rate_milli) * 1000) div rate_milli"
    )


def progress(events: DataFrame) -> DataFrame:
    """The progress events, with ``played_ms`` and ``device_day``, the UTC date on which each was played."""
    heard = events.where(F.col("type") == "progress")
    return heard.withColumn("played_ms", played_ms()).withColumn("device_day", F.to_date("at"))


def impossible_days(heard: DataFrame, rules: CountingRules) -> DataFrame:
    """Rows of ``silver/impossible_days`` from all progress events of the device days in question."""
    by_device_day = heard.where(is_sure()).groupBy("device_id", F.col("device_day").alias("day"))
    totals = by_device_day.agg(F.sum("played_ms").alias("played_ms"))
    return totals.where(F.col("played_ms") > in_force(rules.impossible_day_ms, "day"))


def listens(heard: DataFrame, impossible: DataFrame, episodes: DataFrame, rules: CountingRules) -> DataFrame:
    """Rows of ``silver/listens`` from all progress events of the listens in question.

    ``impossible`` are the ``silver/impossible_days``, ``episodes`` the catalogue; both are joined left, and an
    event's episode is always there, or the event would not be.
    """
    broken = F.broadcast(impossible.select("device_id", F.col("day").alias("device_day"), F.lit(True).alias("is_over")))
    flagged = heard.join(broken, ["device_id", "device_day"], "left")
    is_impossible = F.coalesce(F.col("is_over") & is_sure(), F.lit(False))
    pieces = islands(flagged.withColumn("is_impossible", is_impossible).repartition(*KEY), KEY, "from_ms", "to_ms")
    named = F.broadcast(episodes.select("episode_id", "show_id", "creator_id", "duration_ms"))
    return _rows(_totals(pieces).join(named, "episode_id", "left"), rules)


def _totals(pieces: DataFrame) -> DataFrame:
    per_island = pieces.groupBy(*KEY, "island").agg(
        F.min("from_ms").alias("from_ms"),
        F.max("to_ms").alias("to_ms"),
        F.sum("played_ms").alias("played_ms"),
        F.sum(F.when(F.col("offline") == 1, F.col("to_ms") - F.col("from_ms")).otherwise(0)).alias("offline_ms"),
        F.collect_set("session_id").alias("sessions"),
        F.min("at").alias("first_at"),
        F.max("at").alias("last_at"),
        F.max("received_at").alias("last_received_at"),
        F.bool_or("is_impossible").alias("is_impossible"),
    )
    heard = F.array_sort(F.collect_list(F.struct("from_ms", "to_ms")))
    return per_island.groupBy(*KEY).agg(
        heard.alias("heard"),
        F.sum(F.col("to_ms") - F.col("from_ms")).alias("heard_ms"),
        F.sum("played_ms").alias("played_ms"),
        F.sum("offline_ms").alias("offline_ms"),
        F.size(F.array_distinct(F.flatten(F.collect_list("sessions")))).cast("bigint").alias("sessions"),
        F.min("first_at").alias("first_at"),
        F.max("last_at").alias("last_at"),
        F.max("last_received_at").alias("last_received_at"),
        F.bool_or("is_impossible").alias("is_impossible"),
    )


def _rows(totals: DataFrame, rules: CountingRules) -> DataFrame:
    reasons = F.when(F.col("is_impossible"), F.array(F.lit(IMPOSSIBLE_DAY))).otherwise(F.array().cast("array<string>"))
    heard_enough = F.col("heard_ms") > in_force(rules.min_heard_ms, "listen_day")
    status = F.when(F.size("reasons") > 0, "invalid").when(heard_enough, "counted").otherwise("too_short")
    completed = F.col("heard_ms") * 100 >= F.col("duration_ms") * in_force(rules.completed_percent, "listen_day")
    rows = totals.withColumn("listen_id", listen_id()).withColumn("completed", completed)
    return rows.withColumn("reasons", reasons).withColumn("status", status)


def listen_id() -> Column:
    """First 32 hex digits of the SHA-256 of the key; ``claimed`` listens have ids of their own."""
    prefix = F.when(F.col("evidence") == "claimed", "listen/1/claimed").otherwise("listen/1")
    key = F.concat_ws("\n", prefix, "listener_id", "episode_id", F.col("listen_day").cast("string"))
    return F.substring(F.sha2(key, 256), 1, 32)
