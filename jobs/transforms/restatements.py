"""What changed in days that had ended and were published: before, after and why."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

FIGURES = (
    "status",
    "reasons",
    "heard_ms",
    "played_ms",
    "offline_ms",
    "sessions",
    "completed",
    "first_at",
    "last_at",
    "creator_id",
)


def restated_listens(before: DataFrame, after: DataFrame, recatalogued: DataFrame, publication: int) -> DataFrame:
    """Rows of ``gold/restatements`` from the listens in question, as published before and as they are now.

    A listen that is only on one side was added or is gone; one whose figures are equal is no restatement.
    ``recatalogued`` gives the ``episode_id`` of each episode that the catalogue describes otherwise than before.
    """
    old = _figures(before, "before")
    new = _figures(after, "after")
    marked = recatalogued.select("episode_id", F.lit(True).alias("is_recatalogued"))
    pairs = old.join(new, ["listen_id", "listen_day", "episode_id"], "full").join(marked, "episode_id", "left")
    differs = ~F.col("before").eqNullSafe(F.col("after"))
    return pairs.where(differs).select(
        F.lit("silver/listens").alias("table"),
        F.col("listen_id").alias("key"),
        "listen_day",
        F.to_json("before").alias("before"),
        F.to_json("after").alias("after"),
        F.lit(publication).cast("bigint").alias("published_before"),
        F.lit(publication + 1).cast("bigint").alias("published_after"),
        _why().alias("why"),
    )


def _figures(listens: DataFrame, name: str) -> DataFrame:
    """The listens' figures as one struct; timestamps as Unix ms, so that JSON keeps them exactly."""
    figures = [F.unix_millis(column).alias(column) if column.endswith("_at") else F.col(column) for column in FIGURES]
    received = F.col("last_received_at").alias(f"{name}_received_at")
    return listens.select("listen_id", "listen_day", "episode_id", F.struct(*figures).alias(name), received)


def _differs(names: Sequence[str]) -> Column:
    differing = [~F.col(f"before.{name}").eqNullSafe(F.col(f"after.{name}")) for name in names]
    condition = differing[0]
    for other in differing[1:]:
        condition = condition | other
    return condition


def _why() -> Column:
    """``late``: something came in since; ``catalogue``: its episode changed; ``rule``: what else is decided changed.

    ``rule`` is a device day that became impossible, or is no more, and a dated number; ``corrected`` is all the rest.
    """
    is_new = F.col("before").isNull()
    came_later = F.col("after_received_at") > F.col("before_received_at")
    heard_as_before = ~_differs(["heard_ms", "played_ms", "offline_ms", "sessions", "first_at", "last_at"])
    return (
        F.when(is_new | F.coalesce(came_later, F.lit(False)), "late")
        .when(heard_as_before & F.col("is_recatalogued") & ~_differs(["reasons"]), "catalogue")
        .when(heard_as_before, "rule")
        .otherwise("corrected")
    )
