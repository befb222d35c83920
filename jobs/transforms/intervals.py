"""Unions of half-open intervals, the one mechanism behind content heard and seqs seen."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


def islands(rows: DataFrame, by: Sequence[str], start: str, end: str) -> DataFrame:
    """The rows with ``island``: equal, within a key, for those whose union is one piece.

    Intervals are half-open and not empty; touching ones belong together. Islands are numbered along the key,
    and with the rows of a key hash-partitioned already this costs a sort and no shuffle.
    """
    in_order = Window.partitionBy(*by).orderBy(start, end)
    reached = F.max(end).over(in_order.rowsBetween(Window.unboundedPreceding, -1))
    is_first = F.coalesce(F.col(start) > F.col("reached"), F.lit(True))
    steps = rows.withColumn("reached", reached).withColumn("is_first", is_first.cast("int"))
    return steps.withColumn("island", F.sum("is_first").over(in_order)).drop("reached", "is_first")


def complement(pieces: Column, start: str, end: str) -> Column:
    """What lies between sorted, disjoint pieces (an array of structs), and before the first from 1 on.

    Bounds are inclusive, the pieces' as well as the result's ``from_seq`` and ``to_seq``.
    """
    previous_ends = F.concat(F.array(F.lit(0).cast("bigint")), F.transform(pieces, lambda piece: piece[end]))
    gaps = F.zip_with(
        F.slice(previous_ends, 1, F.size(pieces)),
        F.transform(pieces, lambda piece: piece[start]),
        lambda before, after: F.struct((before + 1).alias("from_seq"), (after - 1).alias("to_seq")),
    )
    return F.filter(gaps, lambda gap: gap["from_seq"] <= gap["to_seq"])


def seen(missing: Column, last: Column) -> Column:
    """The ranges 1..``last`` without the ``missing`` ones, as an array of ``from_seq, to_seq``, inclusive."""
    starts = F.concat(F.array(F.lit(1).cast("bigint")), F.transform(missing, lambda gap: gap["to_seq"] + 1))
    ends = F.concat(F.transform(missing, lambda gap: gap["from_seq"] - 1), F.array(last))
    ranges = F.zip_with(starts, ends, lambda start, end: F.struct(start.alias("from_seq"), end.alias("to_seq")))
    return F.filter(ranges, lambda span: span["from_seq"] <= span["to_seq"])
