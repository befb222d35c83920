"""The lines that Arrow may read, being sure to read them as `jobs.records.json_text` would.

Arrow is strict about types, repeated keys and most of RFC 8259. Where it is not, lines are kept from it here: invalid
UTF-8, NaN and Infinity, escapes beyond the plainest, nesting without limit, and values that do not end with their line.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from jobs.lake.line_columns import PARSED
from jobs.records.json_text import MAX_DEPTH
from jobs.records.shape import Dialect

PIECE_BYTES = 200_000
"""How much Arrow reads at once: an odd line has all of it read again."""

PIECES = 4
"""Into how many parts a piece is cut, and these again, to find the lines that keep Arrow from reading it."""

_PODLEDGER = f'"{Dialect.PODLEDGER.value}"'.encode()
# Allowed are \/ and \" and the code of a character that may stand in a string by itself.
_ODD_ESCAPE = re.compile(rb'\\(?![/"]|u(?!00[01]|[dD][89a-fA-F])[0-9a-fA-F]{4})')
# With what follows a value, so that "Infinix" or "Nancy" in a string is none.
_ODD_CONSTANTS = {
    b"NaN": re.compile(rb"NaN[ \t\r\n]*[,\]}]"),
    b"Inf": re.compile(rb"Inf(?:inity)?[ \t\r\n]*[,\]}]"),
}
# The envelope is the first level, a record the fourth.
_DEEPEST_IN_BATCH = 4
_PARSE = arrow_json.ParseOptions(explicit_schema=PARSED, unexpected_field_behavior="ignore")


def read_regular(lines: Sequence[bytes]) -> tuple[list[int], pa.RecordBatch]:
    """What Arrow reads of these lines, as `PARSED` says, and their places among them; the odd ones are left out."""
    places: list[int] = []
    batches: list[pa.RecordBatch] = []
    for piece in _pieces(lines, [place for place, line in enumerate(lines) if _may_be_regular(line)]):
        for read_places, parsed in _read(lines, piece):
            places += read_places
            batches.append(parsed)
    return places, pa.concat_batches(batches) if batches else pa.RecordBatch.from_pylist([], schema=PARSED)


def _pieces(lines: Sequence[bytes], places: Sequence[int]) -> Iterator[list[int]]:
    """The places in pieces of about `PIECE_BYTES` of text."""
    piece: list[int] = []
    size_bytes = 0
    for place in places:
        piece.append(place)
        size_bytes += len(lines[place])
        if size_bytes >= PIECE_BYTES:
            yield piece
            piece, size_bytes = [], 0
    if piece:
        yield piece


def _read(lines: Sequence[bytes], places: list[int]) -> Iterator[tuple[list[int], pa.RecordBatch]]:
    if not places:
        return
    parsed = _parsed([lines[place] for place in places])
    if parsed is not None:
        yield places, parsed
    elif len(places) > 1:
        step = -(-len(places) // PIECES)
        for start in range(0, len(places), step):
            yield from _read(lines, places[start : start + step])


def _may_be_regular(line: bytes) -> bool:
    """Whether Arrow need look at it: it names our dialect, and is written like an object, plainly.

    Between two lines that begin and end so, "}" meets "{" across a line feed, which is found in no JSON value, nor in
    any string: when a block of them is read as a whole, each value ends where a line does.
    """
    return (
        line[:1] == b"{"
        and line[-1:] == b"}"
        and _PODLEDGER in line
        and not (b"\\" in line and _ODD_ESCAPE.search(line))
        and _is_utf8(line)
    )


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parsed(lines: Sequence[bytes]) -> pa.RecordBatch | None:
    """What Arrow reads, a row a line; None where it cannot, or might read more than JSON allows."""
    text = b"\n".join(lines)
    if _has_odd_constant(text):
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
    for constant, pattern in _ODD_CONSTANTS.items():
        # Far cheaper than a search, and mostly enough: no place where its first two letters meet.
        may_be_there = np.any((letters[:-1] == constant[0]) & (letters[1:] == constant[1]))
        if may_be_there and pattern.search(text):
            return True
    return False


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
