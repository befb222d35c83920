"""Landed lines as typed rows: a fast pass with Arrow for the regular ones, the exact pass for every other.

The exact pass, `jobs.records`, is the rule; the fast pass takes only lines about which the two cannot differ:
good podledger/1 batches that Arrow reads under its schema. Their records may be malformed, so long as every field has
its type.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from jobs.lake.line_columns import (
    BODY_COLUMNS,
    CLAIM_FIELDS,
    ENVELOPE_FIELDS,
    JUDGED,
    ROWS,
    are_good_batches,
    judged_columns,
)
from jobs.lake.regular_lines import read_regular
from jobs.records.claims import Told
from jobs.records.json_text import is_blank
from jobs.records.record import FIELDS, Malformed, Record
from jobs.records.shape import Line, Refused, judge_line

BLOCK_BYTES = 4_000_000
"""About how much is read at once; a row batch holds the lines of one block."""


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
    places, parsed = read_regular(lines)
    good = are_good_batches(parsed)
    if good.true_count < len(good):
        parsed = parsed.filter(good)
        places = [place for place, is_good in zip(places, good.to_pylist(), strict=True) if is_good]
    judged = judged_columns(parsed)
    if len(places) == len(lines):
        return judged
    rest = sorted(set(range(len(lines))).difference(places))
    judged_exactly = _judged_exactly([lines[place] for place in rest])
    return _in_order(pa.concat_batches([judged, judged_exactly]), places + rest)


def _in_order(rows: pa.RecordBatch, places: list[int]) -> pa.RecordBatch:
    return rows.take(pc.sort_indices(pa.array(places, pa.int64())))


def _judged_exactly(lines: Iterable[bytes]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([_row(judge_line(line)) for line in lines], schema=JUDGED)


def _row(line: Line) -> dict[str, object]:
    if isinstance(line, Refused):
        return {"reason": line.reason.value, "receipt": line.receipt, "dialect": line.dialect}
    row: dict[str, object] = {name: getattr(line, name) for name in ENVELOPE_FIELDS}
    if line.body is not None:
        row |= {name: getattr(line.body, name) for name in BODY_COLUMNS}
        row["records"] = [_record_row(record) for record in line.body.records]
    else:
        row["claims"] = [_claim_row(told) for told in line.claims]
    return row


def _claim_row(told: Told) -> dict[str, object]:
    if told.claim is None:
        return {"raw": told.raw}
    row = {name: getattr(told.claim, name) for name in CLAIM_FIELDS if name != "raw"}
    return {**row, "raw": told.raw, "clock": told.claim.clock.value}


def _record_row(record: Record | Malformed) -> dict[str, object]:
    if isinstance(record, Malformed):
        return {"episode_id": record.episode_id, "malformed": True}
    return {**{name: getattr(record, name) for name in FIELDS}, "malformed": False}
