"""Rows of ``bronze/claims`` from judged lines, a column at a time."""

from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.lake.record_rows import hex_texts
from jobs.lake.schema import arrow_schema
from jobs.tables import CLAIMS
from jobs.tables.bronze import BUCKETS

ROWS = arrow_schema(CLAIMS)
OF_LINE = ("receipt", "received_ms", "dialect", "network", "country", "user_agent")


def claim_rows(rows: pa.RecordBatch, number: int) -> pa.RecordBatch:
    """The records of other dialects in judged lines (``jobs.lake.line_columns.ROWS``); most lines have none."""
    rows = rows.filter(pc.is_valid(rows.column("claims")))
    lists = rows.column("claims")
    lengths = np.asarray(pc.list_value_length(lists), np.int64)
    count = int(lengths.sum())
    line = pa.array(np.repeat(np.arange(rows.num_rows), lengths))
    position = np.arange(count) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    fields = pc.list_flatten(lists)
    columns = dict(zip((field.name for field in fields.type), fields.flatten(), strict=True))
    columns |= {name: rows.column(name).take(line) for name in OF_LINE}
    columns["line_key"] = hex_texts(rows.column("line_key")).take(line)
    columns["position"] = pa.array(position, pa.int32())
    columns["reason"] = pc.if_else(pc.is_null(columns["id"]), "malformed", pa.scalar(None, pa.string()))
    columns["landed_in"] = pa.array(np.full(count, number), pa.int64())
    columns["bucket"] = _buckets(columns["listener_id"], columns["line_key"])
    return pa.RecordBatch.from_arrays([columns[name] for name in ROWS.names], schema=ROWS)


def _buckets(listeners: pa.Array, lines: pa.Array) -> pa.Array:
    """The share that each belongs to: all copies of a claim have one listener; a malformed record goes by its line."""
    named = pc.coalesce(listeners, lines).to_pylist()
    return pa.array([crc32(name.encode()) % BUCKETS for name in named], pa.int32())
