"""Landed lines as typed rows: a fast pass with Arrow for the regular ones, the exact pass for every other.

The exact pass, `jobs.records`, is the rule; the fast pass takes only lines about which the two cannot differ:
good podledger/1 batches, without escapes, that Arrow reads under its schema. Their records may be malformed, so long
as every field has its type.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from jobs.lake.line_columns import BODY_COLUMNS, ENVELOPE_FIELDS, JUDGED, PARSED, ROWS, are_good_batches, judged_columns
from jobs.records.json_text import MAX_DEPTH, is_blank
from jobs.records.record import FIELDS, Malformed, Record
from jobs.records.shape import Dialect, Line, Refused, judge_line

BLOCK_BYTES = 4_000_000
"""About how much is read at once; a row batch holds the lines of one block."""

_PODLEDGER = f'"{Dialect.PODLEDGER.value}"'.encode()
# The envelope is the first level, a record the fourth.
_DEEPEST_IN_BATCH = 4
_PARSE = arrow_json.ParseOptions(explicit_schema=PARSED, unexpected_field_behavior="ignore")


def read_lines(lines: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    """The rows of these lines, in their order, as `ROWS` says; blank lines give none. A file's BOM must be gone."""
    for block in _blocks(lines):
        yield _with_text(block, _judged(block))


def exact_rows(lines: Iterable[bytes]) -> pa.RecordBatch:
    """The same rows by the exact pass alone."""
    kept = [line for line in lines if not is_blank(line)]
    return _with_text(kept, _judged_exactly(kept))


def _blocks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    block: list[bytes] = []
    size_bytes = 0
    for line in lines:
        if is_blank(line):
            continue
        block.append(line)
        size_bytes += len(line)
        if size_bytes >= BLOCK_BYTES:
            yield block
            block, size_bytes = [], 0
    if block:
        yield block


def _with_text(lines: Sequence[bytes], judged: pa.RecordBatch) -> pa.RecordBatch:
    keys = pa.array([hashlib.sha256(line).digest() for line in lines], pa.binary())
    return pa.RecordBatch.from_arrays([keys, pa.array(lines, pa.binary()), *judged.columns], schema=ROWS)


def _judged(lines: Sequence[bytes]) -> pa.RecordBatch:
    places: list[int] = []
    parts: list[pa.RecordBatch] = []
    for read_places, parsed in _parsed(lines, [place for place, line in enumerate(lines) if _may_be_regular(line)]):
        good = are_good_batches(parsed)
        if good.true_count < len(good):
            parsed = parsed.filter(good)
            read_places = [place for place, is_good in zip(read_places, good.to_pylist(), strict=True) if is_good]
        places += read_places
        parts.append(judged_columns(parsed))
    rest = sorted(set(range(len(lines))).difference(places))
    if not rest and len(parts) == 1:
        return parts[0]
    parts.append(_judged_exactly([lines[place] for place in rest]))
    return _in_order(pa.concat_batches(parts), places + rest)


def _in_order(rows: pa.RecordBatch, places: list[int]) -> pa.RecordBatch:
    return rows.take(pc.sort_indices(pa.array(places, pa.int64())))


def _may_be_regular(line: bytes) -> bool:
    """Whether Arrow need look at it: it names our dialect, and begins and ends as an object does.

    Between two such lines "}" meets "{", which no JSON value has inside it: whatever Arrow reads, reading a block of
    them as a whole, ends where a line ends.
    """
    return line[:1] == b"{" and line[-1:] == b"}" and _PODLEDGER in line


def _parsed(lines: Sequence[bytes], places: list[int]) -> Iterator[tuple[list[int], pa.RecordBatch]]:
    """What Arrow reads of the lines at these places, with their places; those it cannot read are left out.

    A block that holds one bad line is halved until that line is alone.
    """
    if not places:
        return
    parsed = _parse([lines[place] for place in places])
    if parsed is not None:
        yield places, parsed
    elif len(places) > 1:
        half = len(places) // 2
        yield from _parsed(lines, places[:half])
        yield from _parsed(lines, places[half:])


def _parse(lines: Sequence[bytes]) -> pa.RecordBatch | None:
    """What Arrow reads, a row a line; None where it might read anything otherwise than the exact pass."""
    text = b"\n".join(lines)
    if b"\\" in text or _has_odd_constant(text) or not _is_utf8(text):
        return None
    whole = arrow_json.ReadOptions(use_threads=False, block_size=len(text) + 1)
    try:
        table = arrow_json.read_json(pa.BufferReader(text), whole, _PARSE)
    except pa.ArrowInvalid:
        return None
    if table.num_rows != len(lines):
        return None
    parsed = table.combine_chunks().to_batches()[0]
    return parsed if _is_shallow(text, parsed) or all(map(_has_few_brackets, lines)) else None


def _has_odd_constant(text: bytes) -> bool:
    """Whether it may hold NaN, Inf or Infinity, which Arrow takes for numbers."""
    letters = np.frombuffer(text, np.uint8)
    first, second = letters[:-1], letters[1:]
    return any(
        np.any((first == constant[0]) & (second == constant[1])) and constant in text for constant in (b"NaN", b"Inf")
    )


def _is_shallow(text: bytes, parsed: pa.RecordBatch) -> bool:
    """Whether there are too few opening brackets, beside those of what was read, for any line to be nested too deep."""
    body = parsed.column("body")
    sent, records = pc.struct_field(body, "sent"), pc.struct_field(body, "records")
    of_batches = parsed.num_rows + sum(len(part) - part.null_count for part in (body, sent, records, records.flatten()))
    # The two opening brackets, and they alone, become "{" when the bit between them is set.
    all_opening = int(np.count_nonzero((np.frombuffer(text, np.uint8) | 0x20) == ord("{")))
    return bool(all_opening - of_batches <= MAX_DEPTH - _DEEPEST_IN_BATCH)


def _has_few_brackets(line: bytes) -> bool:
    return line.count(b"{") + line.count(b"[") <= MAX_DEPTH


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _judged_exactly(lines: Iterable[bytes]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([_row(judge_line(line)) for line in lines], schema=JUDGED)


def _row(line: Line) -> dict[str, object]:
    if isinstance(line, Refused):
        return {"reason": line.reason.value, "receipt": line.receipt, "dialect": line.dialect}
    row: dict[str, object] = {name: getattr(line, name) for name in ENVELOPE_FIELDS}
    if line.body is not None:
        row |= {name: getattr(line.body, name) for name in BODY_COLUMNS}
        row["records"] = [_record_row(record) for record in line.body.records]
    return row


def _record_row(record: Record | Malformed) -> dict[str, object]:
    if isinstance(record, Malformed):
        return {"episode_id": record.episode_id, "malformed": True}
    return {**{name: getattr(record, name) for name in FIELDS}, "malformed": False}
