"""The source text of refused records, cut out of their landed lines."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.lake.schema import arrow_schema
from jobs.records.json_text import record_texts
from jobs.tables import REJECTED

OF_LINE = ("line_key", "receipt", "dialect")
MOST_BROADCAST = 300_000
ROWS = arrow_schema(REJECTED)


def refused_records(lines: DataFrame, refused: DataFrame, count: int) -> DataFrame:
    """Rows of ``silver/rejected`` for refused records.

    ``lines`` are the ``bronze/sync_lines`` that hold them, which may come twice; ``refused`` gives ``line_key,
    position, reason, episode_id, received_ms`` once each, ``count`` of them.
    """
    entry = F.struct("position", "reason", "episode_id", "received_ms")
    wanted = refused.groupBy("line_key").agg(F.collect_list(entry).alias("refused"))
    texts = lines.select(*OF_LINE, "raw").join(F.broadcast(wanted) if count <= MOST_BROADCAST else wanted, "line_key")
    schema = ", ".join(f"{column.name} {column.type}" for column in REJECTED.columns)
    return texts.mapInArrow(_cut, schema).dropDuplicates(["key"])


def _cut(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = [row for line in batch.to_pylist() for row in _rows(line)]
        yield pa.RecordBatch.from_pylist(rows, schema=ROWS)


def _rows(line: dict[str, Any]) -> Iterator[dict[str, Any]]:
    texts = record_texts(line["raw"])
    for entry in line["refused"]:
        yield {
            "key": f"{line['line_key']}:{entry['position']}",
            "reason": entry["reason"],
            **{name: line[name] for name in OF_LINE},
            "raw": texts[entry["position"]],
            "raw_bytes": None,
            "position": entry["position"],
            "episode_id": entry["episode_id"],
            "received_at": entry["received_ms"] * 1000,
        }
