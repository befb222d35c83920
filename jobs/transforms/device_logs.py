"""Device logs: how far each is known, what is missing, where it forks (contract sections 1 and 9)."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.transforms.intervals import complement, islands, seen

LOG = ("device_id", "log_epoch")


def is_seen(logs: DataFrame, rows: DataFrame) -> DataFrame:
    """The rows with ``is_seen``: whether the log already holds an event at their ``seq``.

    A row of a log that is not known yet is not seen (left join).
    """
    known = logs.select(*LOG, "max_seq", "missing")
    seq = F.col("seq")
    is_missing = F.exists("missing", lambda gap: (gap["from_seq"] <= seq) & (seq <= gap["to_seq"]))
    seen_already = F.coalesce((seq <= F.col("max_seq")) & ~is_missing, F.lit(False))
    return rows.join(known, list(LOG), "left").withColumn("is_seen", seen_already).drop("max_seq", "missing")


def extended(logs: DataFrame, added: DataFrame) -> DataFrame:
    """Rows of ``silver/device_logs`` for every log that got new events.

    ``added`` are events that were not there before, one row an id with a ``seq``; ``logs`` the rows before.
    Two ids at a seq, or one at a seq that was seen, make a fork.
    """
    touched = added.select(*LOG).distinct()
    old = logs.join(touched, list(LOG), "left_semi")
    new = added.groupBy(*LOG, "seq").agg(F.count(F.lit(1)).alias("ids"))
    new_spans = new.select(*LOG, F.col("seq").alias("from_seq"), F.col("seq").alias("to_seq"), "ids")
    spans = old.select(*LOG, F.explode(seen(F.col("missing"), F.col("max_seq"))).alias("span")).select(
        *LOG, "span.from_seq", "span.to_seq", F.lit(0).cast("bigint").alias("ids")
    )
    grown = _logs_of(spans.unionByName(new_spans))
    before = old.select(*LOG, F.col("events").alias("old_events"), F.col("forks").alias("old_forks"))
    forks = F.array_sort(F.array_union(F.coalesce("old_forks", _no_seqs()), "forks"))
    events = F.col("events") + F.coalesce("old_events", F.lit(0))
    return grown.join(before, list(LOG), "left").select(
        *LOG, "max_seq", events.alias("events"), "missing", forks.alias("forks")
    )


def rebuilt(events: DataFrame) -> DataFrame:
    """Rows of ``silver/device_logs`` from all events of the logs in question, one row an id."""
    seqs = F.sort_array(F.collect_list("seq")).alias("seqs")
    logs = events.where(F.col("seq").isNotNull()).groupBy(*LOG).agg(seqs)
    before = F.concat(F.array(F.lit(0).cast("bigint")), F.col("seqs"))
    gaps = F.zip_with(
        F.slice(before, 1, F.size("seqs")),
        "seqs",
        lambda one, other: F.struct((one + 1).alias("from_seq"), (other - 1).alias("to_seq")),
    )
    repeats = F.filter(gaps, lambda gap: gap["to_seq"] == gap["from_seq"] - 2)
    forks = F.array_distinct(F.transform(repeats, lambda gap: gap["to_seq"] + 1))
    return logs.select(
        *LOG,
        F.element_at("seqs", -1).alias("max_seq"),
        F.size("seqs").cast("bigint").alias("events"),
        F.filter(gaps, lambda gap: gap["from_seq"] <= gap["to_seq"]).alias("missing"),
        forks.alias("forks"),
    )


def _logs_of(spans: DataFrame) -> DataFrame:
    """Logs from inclusive spans of seqs; ``ids`` counts the new events of a single seq, 0 for a seen range."""
    pieces = islands(spans.withColumn("end_seq", F.col("to_seq") + 1).repartition(*LOG), LOG, "from_seq", "end_seq")
    starts = F.col("from_seq")
    is_twice = (F.col("ids") > 1) | ((F.col("ids") > 0) & F.col("is_seen_span"))
    marked = pieces.withColumn("is_seen_span", _lies_in_seen_range())
    per_island = marked.groupBy(*LOG, "island").agg(
        F.min("from_seq").alias("from_seq"),
        F.max("to_seq").alias("to_seq"),
        F.sum("ids").alias("events"),
        F.collect_set(F.when(is_twice, starts)).alias("forks"),
    )
    spans_of_log = F.array_sort(F.collect_list(F.struct("from_seq", "to_seq")))
    return (
        per_island.groupBy(*LOG)
        .agg(
            F.max("to_seq").alias("max_seq"),
            F.sum("events").alias("events"),
            spans_of_log.alias("spans"),
            F.array_sort(F.flatten(F.collect_list("forks"))).alias("forks"),
        )
        .withColumn("missing", complement(F.col("spans"), "from_seq", "to_seq"))
        .drop("spans")
    )


def _lies_in_seen_range() -> Column:
    """Whether a range seen before reaches over this span: the greatest end of seen ranges so far does."""
    in_order = Window.partitionBy(*LOG).orderBy("from_seq", F.col("ids") > 0, "end_seq")
    seen_end = F.when(F.col("ids") == 0, F.col("to_seq"))
    reached = F.max(seen_end).over(in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    return F.coalesce(reached >= F.col("from_seq"), F.lit(False))


def _no_seqs() -> Column:
    return F.array().cast("array<bigint>")
