"""The columns of a landed line: what Arrow is told to read, what comes out, and the record rules over whole columns.

Everything here agrees with `jobs.records.record` and `jobs.records.shape`, for values that Arrow has already typed:
an int64 is a JSON number without fraction or exponent, a string is valid UTF-8 without characters below U+0020.
"""

from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from jobs.records.json_text import MAX_INT
from jobs.records.record import (
    MAX_EPISODE_ID_CHARS,
    MAX_NAME_CHARS,
    MAX_RATE_MILLI,
    MIN_RATE_MILLI,
    RECORD_TYPES,
)
from jobs.records.shape import LATEST_RECEIVED_MS, VERSION, Dialect

RECORD_FIELDS = {
    "id": pa.string(),
    "seq": pa.int64(),
    "session_id": pa.string(),
    "session_wall_ms": pa.int64(),
    "type": pa.string(),
    "episode_id": pa.string(),
    "wall_ms": pa.int64(),
    "boot_id": pa.string(),
    "mono_ms": pa.int64(),
    "from_ms": pa.int64(),
    "to_ms": pa.int64(),
    "rate_milli": pa.int64(),
    "offline": pa.int64(),
}
ENVELOPE_FIELDS = {
    "receipt": pa.string(),
    "received_ms": pa.int64(),
    "dialect": pa.string(),
    "device_id": pa.string(),
    "account_id": pa.string(),
    "network": pa.string(),
    "country": pa.string(),
    "user_agent": pa.string(),
}
SENT_FIELDS = {"wall_ms": pa.int64(), "boot_id": pa.string(), "mono_ms": pa.int64()}
BODY_FIELDS = {
    "v": pa.int64(),
    "device_id": pa.string(),
    "log_epoch": pa.string(),
    "sent": pa.struct(SENT_FIELDS),
    "records": pa.list_(pa.struct(RECORD_FIELDS)),
}
PARSED = pa.schema({"v": pa.int64(), **ENVELOPE_FIELDS, "body": pa.struct(BODY_FIELDS)})
"""What Arrow reads of a regular line."""

BODY_COLUMNS = {
    "log_epoch": pa.string(),
    "sent_wall_ms": pa.int64(),
    "sent_boot_id": pa.string(),
    "sent_mono_ms": pa.int64(),
}
CLAIM_FIELDS = {
    "raw": pa.string(),
    "id": pa.string(),
    "listener_id": pa.string(),
    "device_id": pa.string(),
    "session_id": pa.string(),
    "type": pa.string(),
    "episode_id": pa.string(),
    "episode_url": pa.string(),
    "episode_guid": pa.string(),
    "wall_ms": pa.int64(),
    "at_ms": pa.int64(),
    "clock": pa.string(),
    "from_ms": pa.int64(),
    "to_ms": pa.int64(),
}
CLAIMS_OF_LINE = pa.list_(pa.struct(CLAIM_FIELDS))
BATCH_FIELDS = {
    **ENVELOPE_FIELDS,
    **BODY_COLUMNS,
    "records": pa.list_(pa.struct({**RECORD_FIELDS, "malformed": pa.bool_()})),
    "claims": CLAIMS_OF_LINE,
}
JUDGED = pa.schema({"reason": pa.string(), **BATCH_FIELDS})
"""What either pass makes of a line."""

ROWS = pa.schema({"line_key": pa.binary(), "raw": pa.binary(), "reason": pa.string(), **BATCH_FIELDS})
"""One row a line. `line_key` is the SHA-256 of `raw`, 32 bytes; `reason` is null for a batch; of a refused line only
receipt and dialect are given. `records` is null for other dialects than podledger/1; of a malformed one only
`episode_id` is given, where it is well-formed. `claims` are the records of those dialects, null for podledger/1; of a
malformed one only `raw` is given. Times in Unix ms, `mono_ms` in ms since boot."""

_HEX_DIGITS = "0123456789abcdef"
_ID_DIGITS = 64


def are_good_batches(parsed: pa.RecordBatch) -> pa.BooleanArray:
    """Which lines are podledger/1 batches beyond doubt; nothing is null in the answer."""
    body = _fields(parsed.column("body"))
    sent = _fields(body["sent"])
    device_id = parsed.column("device_id")
    return _all(
        _between(parsed.column("v"), VERSION, VERSION),
        _is_string(parsed.column("receipt")),
        _between(parsed.column("received_ms"), 0, LATEST_RECEIVED_MS),
        pc.equal(parsed.column("dialect"), Dialect.PODLEDGER.value),
        _between(body["v"], VERSION, VERSION),
        pc.equal(device_id, body["device_id"]),
        _is_string(device_id, MAX_NAME_CHARS),
        _is_string(body["log_epoch"], MAX_NAME_CHARS),
        _is_int(sent["wall_ms"]),
        pc.is_valid(body["records"]),
    )


def judged_columns(parsed: pa.RecordBatch) -> pa.RecordBatch:
    """Good batches, as `JUDGED` says."""
    body = _fields(parsed.column("body"))
    sent = _fields(body["sent"])
    columns = {
        "reason": pa.nulls(parsed.num_rows, pa.string()),
        "receipt": parsed.column("receipt"),
        "received_ms": parsed.column("received_ms"),
        "dialect": parsed.column("dialect"),
        "device_id": parsed.column("device_id"),
        **{name: _string_or_null(parsed.column(name)) for name in ("account_id", "network", "country", "user_agent")},
        "log_epoch": body["log_epoch"],
        "sent_wall_ms": sent["wall_ms"],
        "sent_boot_id": _string_or_null(sent["boot_id"]),
        "sent_mono_ms": _where(_is_int(sent["mono_ms"]), sent["mono_ms"]),
        "records": _judged_records(body["records"]),
        "claims": pa.nulls(parsed.num_rows, CLAIMS_OF_LINE),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in JUDGED.names], schema=JUDGED)


def _judged_records(records: pa.ListArray) -> pa.ListArray:
    """The same records with `malformed`, and without the fields of those that are."""
    values = _fields(records.values)
    well_formed = _are_records(values)
    malformed = pc.invert(well_formed)
    if pc.any(malformed).as_py():
        episode_ids = _where(_is_string(values["episode_id"], MAX_EPISODE_ID_CHARS), values["episode_id"])
        values = {name: _where(well_formed, column) for name, column in values.items()} | {"episode_id": episode_ids}
    columns = [*(values[name] for name in RECORD_FIELDS), malformed]
    names = [*RECORD_FIELDS, "malformed"]
    return pa.ListArray.from_arrays(records.offsets, pa.StructArray.from_arrays(columns, names))


def _are_records(values: dict[str, pa.Array]) -> pa.BooleanArray:
    return _all(
        _is_record_id(values["id"]),
        _is_int(values["seq"], least=1),
        _is_string(values["session_id"], MAX_NAME_CHARS),
        _is_int(values["session_wall_ms"]),
        _is_string(values["episode_id"], MAX_EPISODE_ID_CHARS),
        _is_int(values["wall_ms"]),
        _between(values["offline"], 0, 1),
        _have_boot_and_mono_or_neither(values["boot_id"], values["mono_ms"]),
        _have_progress_fields_where_due(values),
    )


def _have_boot_and_mono_or_neither(boot_id: pa.Array, mono_ms: pa.Array) -> pa.BooleanArray:
    neither = pc.and_(pc.is_null(boot_id), pc.is_null(mono_ms))
    return pc.or_(neither, _all(_is_string(boot_id, MAX_NAME_CHARS), _is_int(mono_ms, least=0)))


def _have_progress_fields_where_due(values: dict[str, pa.Array]) -> pa.BooleanArray:
    from_ms, to_ms, rate_milli = values["from_ms"], values["to_ms"], values["rate_milli"]
    given = _all(_is_int(from_ms), _is_int(to_ms), _between(rate_milli, MIN_RATE_MILLI, MAX_RATE_MILLI))
    absent = _all(pc.is_null(from_ms), pc.is_null(to_ms), pc.is_null(rate_milli))
    is_progress = pc.equal(values["type"], "progress")
    is_known = pc.is_in(values["type"], value_set=pa.array(sorted(RECORD_TYPES)))
    return _all(is_known, pc.if_else(is_progress, given, absent))


def _fields(struct: pa.StructArray) -> dict[str, pa.Array]:
    """Its fields by name, null where the struct itself is."""
    return dict(zip((field.name for field in struct.type), struct.flatten(), strict=True))


def _all(*conditions: pa.BooleanArray) -> pa.BooleanArray:
    """Where every condition holds; one that is null does not hold."""
    return pc.fill_null(reduce(pc.and_, conditions), False)


def _where(condition: pa.BooleanArray, column: pa.Array) -> pa.Array:
    return pc.if_else(condition, column, pa.scalar(None, column.type))


def _between(column: pa.Array, least: int, most: int) -> pa.BooleanArray:
    return pc.and_(pc.greater_equal(column, least), pc.less_equal(column, most))


def _is_int(column: pa.Array, least: int = -MAX_INT) -> pa.BooleanArray:
    return _between(column, least, MAX_INT)


def _is_string(column: pa.Array, most_chars: int | None = None) -> pa.BooleanArray:
    lengths = pc.binary_length(column)
    if most_chars is None:
        return pc.greater(lengths, 0)
    longest_bytes = pc.max(lengths).as_py()
    if longest_bytes is not None and longest_bytes > most_chars:
        lengths = pc.utf8_length(column)
    return _between(lengths, 1, most_chars)


def _is_record_id(column: pa.Array) -> pa.BooleanArray:
    # Several times faster than a regular expression: of hex digits alone, trimming them leaves nothing.
    hex_only = pc.equal(pc.ascii_trim(column, _HEX_DIGITS), "")
    return pc.and_(hex_only, pc.equal(pc.binary_length(column), _ID_DIGITS))


def _string_or_null(column: pa.Array) -> pa.Array:
    return _where(_is_string(column), column)
