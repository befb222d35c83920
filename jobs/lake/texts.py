"""Refused lines and records with their source text: that of a record is cut out of its line, as it was written."""

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


def refusals(lines: DataFrame, refused: DataFrame, count: int) -> DataFrame:
    """Rows of ``silver/rejected``, one a key, for refused lines and for refused records.

    ``lines`` are rows of ``bronze/sync_lines``, those that hold the records among them; the same line may come twice.
    ``refused`` gives ``line_key, position, reason, episode_id, received_ms`` of each record, ``count`` of them.
    """
    entry = F.struct("position", F.col("reason").alias("why"), "episode_id", "received_ms")
    wanted = refused.groupBy("line_key").agg(F.collect_list(entry).alias("refused"))
    holding = lines.select(*OF_LINE, "reason", "raw")
    if count:
        holding = holding.join(F.broadcast(wanted) if count <= MOST_BROADCAST else wanted, "line_key", "left")
        holding = holding.where("reason IS NOT NULL OR refused IS NOT NULL")
    else:
        holding = holding.where("reason IS NOT NULL").withColumn("refused", F.lit(None))
    schema = ", ".join(f"{column.name} {column.type}" for column in REJECTED.columns)
    return holding.mapInArrow(_told, schema).dropDuplicates(["key"])


def _told(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = [row for line in batch.to_pylist() for row in (_records(line) if line["refused"] else [_line(line)])]
        yield pa.RecordBatch.from_pylist(rows, schema=ROWS)


def _line(line: dict[str, Any]) -> dict[str, Any]:
    text = line["raw"].decode("utf-8", errors="replace")
    row = {name: line[name] for name in (*OF_LINE, "reason")} | {"key": line["line_key"], "raw": text}
    return row if text.encode("utf-8") == line["raw"] else row | {"raw_bytes": line["raw"]}


def _records(line: dict[str, Any]) -> Iterator[dict[str, Any]]:
    texts = record_texts(line["raw"])
    for entry in line["refused"]:
        yield {
            "key": f"{line['line_key']}:{entry['position']}",
            "reason": entry["why"],
            **{name: line[name] for name in OF_LINE},
            "raw": texts[entry["position"]],
            "position": entry["position"],
            "episode_id": entry["episode_id"],
            "received_at": entry["received_ms"] * 1000,
        }
