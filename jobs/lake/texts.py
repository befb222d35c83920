"""The source text of single records, cut out of their landed lines."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.records.json_text import record_texts

COLUMNS = "line_key STRING, position INT, raw STRING"


def record_texts_of(lines: DataFrame, places: DataFrame) -> DataFrame:
    """``line_key, position, raw`` for each of these places (``line_key, position``) in ``bronze/sync_lines``."""
    wanted = places.groupBy("line_key").agg(F.collect_set("position").alias("positions"))
    return lines.select("line_key", "raw").join(wanted, "line_key", "inner").mapInArrow(_cut, COLUMNS)


def _cut(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        keys: list[str] = []
        positions: list[int] = []
        texts: list[str] = []
        for row in batch.to_pylist():
            found = record_texts(row["raw"])
            for position in row["positions"]:
                keys.append(row["line_key"])
                positions.append(position)
                texts.append(found[position])
        columns = [pa.array(keys, pa.string()), pa.array(positions, pa.int32()), pa.array(texts, pa.string())]
        yield pa.RecordBatch.from_arrays(columns, names=["line_key", "position", "raw"])
