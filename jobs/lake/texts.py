"""Refused lines and records with their source text: that of a record is cut out of its line, as it was written."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from jobs.lake.schema import arrow_schema
from jobs.records.json_text import texts_of_readable
from jobs.tables import REJECTED

OF_LINE = ("line_key", "receipt", "dialect", "bucket")
ROWS = arrow_schema(REJECTED)


def refusals(lines: pa.Table) -> pa.Table:
    """Rows of ``silver/rejected``, one a key, for refused lines and for refused records.

    ``lines`` are rows of ``bronze/sync_lines``, the same line maybe twice, each with ``refused``: the refused records
    in it, as structs of ``position, why, episode_id, received_ms``; null for a line that is refused itself.
    """
    rows: dict[str, dict[str, Any]] = {}
    for batch in lines.to_batches():
        for line in batch.to_pylist():
            if line["line_key"] not in rows:
                told = list(_records(line)) if line["refused"] else [_line(line)]
                rows |= {row["key"]: row for row in told}
    return pa.Table.from_pylist(list(rows.values()), schema=ROWS)


def _line(line: dict[str, Any]) -> dict[str, Any]:
    text = line["raw"].decode("utf-8", errors="replace")
    row = {name: line[name] for name in (*OF_LINE, "reason")} | {"key": line["line_key"], "raw": text}
    return row if text.encode("utf-8") == line["raw"] else row | {"raw_bytes": line["raw"]}


def _records(line: dict[str, Any]) -> Iterator[dict[str, Any]]:
    texts = texts_of_readable(line["raw"])
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
