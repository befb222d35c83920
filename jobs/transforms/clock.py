"""When a record happened: contract section 5."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

TOLERANCE_MS = 120_000
LATEST_MS = 400 * 86_400_000
LONGEST_SESSION_MS = 86_400_000
GREATEST_INT = 2**53 - 1


def placed(copies: DataFrame) -> DataFrame:
    """The copies with ``at_ms``, ``session_at_ms`` (Unix ms) and ``clock``, each judged by its own envelope."""
    received = F.col("received_ms")
    skew = received - F.col("sent_wall_ms")
    mono_at = received - (F.col("sent_mono_ms") - F.col("mono_ms"))
    same_boot = F.col("boot_id").isNotNull() & F.col("boot_id").eqNullSafe(F.col("sent_boot_id"))
    is_monotonic = same_boot & F.coalesce(F.col("mono_ms") <= F.col("sent_mono_ms"), F.lit(False))
    wall_is_right = F.when(is_monotonic, F.abs(mono_at - F.col("wall_ms")) <= TOLERANCE_MS).otherwise(
        F.abs(skew) <= TOLERANCE_MS
    )
    guess = F.when(wall_is_right, F.col("wall_ms")).when(is_monotonic, mono_at).otherwise(F.col("wall_ms") + skew)
    clock = F.when(wall_is_right, "wall").when(is_monotonic, "monotonic").otherwise("offset")
    return _bounded(copies.withColumn("guess_ms", guess).withColumn("clock", clock))


def _bounded(copies: DataFrame) -> DataFrame:
    received, guess = F.col("received_ms"), F.col("guess_ms")
    is_too_old = guess < received - LATEST_MS
    at = F.when(is_too_old, received).otherwise(F.least(guess, received))
    clock = F.when(is_too_old, "unknown").when(guess > received + TOLERANCE_MS, "clamped").otherwise(F.col("clock"))
    into_session = F.col("wall_ms") - F.col("session_wall_ms")
    is_plausible = into_session.between(0, LONGEST_SESSION_MS)
    session_at = F.when(is_plausible, F.col("at_ms") - into_session).otherwise(F.col("at_ms"))
    placed_at = copies.withColumn("at_ms", at).withColumn("clock", clock)
    return placed_at.withColumn("session_at_ms", session_at).drop("guess_ms")


def is_sure() -> Column:
    """Whether an event's clock says when it happened, and not only when it came in."""
    return ~F.col("clock").isin("clamped", "unknown")
