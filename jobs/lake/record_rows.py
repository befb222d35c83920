"""Rows of the tables that landing writes, from judged lines, a column at a time.

The record's id is hashed here, while its columns are at hand: whether it is right needs nothing but the line.
"""

from hashlib import sha256
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.lake.schema import arrow_schema
from jobs.tables import SYNC_LINES, SYNC_RECORDS
from jobs.tables.bronze import BUCKETS, ENVELOPE, HASHED

PROTOCOL = "podledger/1"
LINES = arrow_schema(SYNC_LINES)
RECORDS = arrow_schema(SYNC_RECORDS)
IDS_AT_ONCE = 100_000
DIGEST_BYTES = 32
NO_ID = "0" * 2 * DIGEST_BYTES
SIXTEEN = np.uint8(16)
HEX_VALUES = np.zeros(256, np.uint8)
HEX_VALUES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16, dtype=np.uint8)


def line_rows(rows: pa.RecordBatch, file: str, first_line_no: int, number: int) -> pa.RecordBatch:
    """Rows of ``bronze/sync_lines`` for judged lines (``jobs.lake.line_columns.ROWS``) of one file."""
    count = rows.num_rows
    lengths = pc.add(*(pc.fill_null(pc.list_value_length(rows.column(name)), 0) for name in ("records", "claims")))
    columns = {
        "line_key": hex_texts(rows.column("line_key")),
        **{name: rows.column(name) for name in ("raw", "reason", *(column.name for column in ENVELOPE))},
        "records": lengths.cast(pa.int32()),
        "file": pa.array([file] * count, pa.string()),
        "line_no": pa.array(range(first_line_no, first_line_no + count), pa.int64()),
        "landed_in": pa.array([number] * count, pa.int64()),
        "bucket": _buckets(rows),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in LINES.names], schema=LINES)


def record_rows(rows: pa.RecordBatch, number: int) -> pa.RecordBatch:
    """Rows of ``bronze/sync_records`` for the same lines."""
    lists = rows.column("records")
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    count = int(lengths.sum())
    line = np.repeat(np.arange(rows.num_rows), lengths)
    position = np.arange(count) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    fields = pc.list_flatten(lists)
    columns = dict(zip((field.name for field in fields.type), fields.flatten(), strict=True))
    malformed = columns.pop("malformed")
    of_line = {"line_key": hex_texts(rows.column("line_key"))}
    of_line |= {column.name: rows.column(column.name) for column in ENVELOPE} | {"bucket": _buckets(rows)}
    columns |= {name: values.take(pa.array(line)) for name, values in of_line.items()}
    columns["position"] = pa.array(position, pa.int32())
    columns["landed_in"] = pa.array(np.full(count, number), pa.int64())
    is_other = pc.invert(_has_its_id(columns))
    columns["reason"] = pc.if_else(malformed, "malformed", pc.if_else(is_other, "hash_mismatch", _no_text()))
    return pa.RecordBatch.from_arrays([columns[name] for name in RECORDS.names], schema=RECORDS)


def _has_its_id(columns: dict[str, pa.Array]) -> pa.BooleanArray:
    """Whether each record carries the id that its content has.

    That is the SHA-256 of its fifteen values, as 64 lower-case hex digits (contract section 2).
    """
    values = [pc.fill_null(pc.cast(columns[name], pa.string()), "") for name in HASHED]
    texts = pc.binary_join_element_wise(PROTOCOL, *values, "\n").cast(pa.binary())
    found = bytearray()
    for start in range(0, len(texts), IDS_AT_ONCE):
        found += b"".join([sha256(text).digest() for text in texts.slice(start, IDS_AT_ONCE).to_pylist()])
    given = pc.fill_null(columns["id"], NO_ID)
    digests = np.frombuffer(found, np.uint8).reshape(-1, DIGEST_BYTES)
    return pa.array((_digests(given) == digests).all(axis=1))


def _digests(ids: pa.StringArray) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """The bytes that 64 hex digits each stand for."""
    if not len(ids):
        return np.empty((0, DIGEST_BYTES), np.uint8)
    _, offsets, text = ids.buffers()
    start = np.frombuffer(offsets, np.int32)[ids.offset]
    letters = np.frombuffer(text, np.uint8)[start : start + len(ids) * 2 * DIGEST_BYTES]
    halves = HEX_VALUES[letters].reshape(-1, 2)
    digests: np.ndarray[tuple[int, int], np.dtype[np.uint8]] = (halves[:, 0] * SIXTEEN + halves[:, 1]).reshape(
        -1, DIGEST_BYTES
    )
    return digests


def _buckets(rows: pa.RecordBatch) -> pa.Array:
    """The share that each line belongs to: by its device, or by itself where none is known."""
    devices, keys = rows.column("device_id").to_pylist(), rows.column("line_key").to_pylist()
    shares = (crc32(device.encode() if device else key) % BUCKETS for device, key in zip(devices, keys, strict=True))
    return pa.array(shares, pa.int32())


def hex_texts(keys: pa.Array) -> pa.Array:
    """Bytes as lower-case hex."""
    return pa.array([key.hex() for key in keys.to_pylist()], pa.string())


def _no_text() -> pa.Scalar:
    return pa.scalar(None, pa.string())
