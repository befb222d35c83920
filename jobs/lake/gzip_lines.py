"""The lines of one landed gzip file, read as a stream."""

import zlib
from collections.abc import Generator, Iterator
from enum import Enum
from typing import IO

BLOCK_BYTES = 4_000_000
"""About how much text is held at once, unless a single line is longer."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_READ_BYTES = 1_000_000
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_ONLY = 16 + zlib.MAX_WBITS


class Damage(Enum):
    """What can be wrong with a landed file."""

    NOT_GZIP = "not_gzip"
    CUT = "cut"
    CORRUPT = "corrupt"
    TRAILING_GARBAGE = "trailing_garbage"


class DamagedFile(Exception):
    """The file is not what was sealed; lines given before this was found must not be used."""

    def __init__(self, reason: Damage) -> None:
        super().__init__(reason.value)
        self.reason = reason


def landed_lines(stream: IO[bytes]) -> Iterator[list[bytes]]:
    """The lines of the file in blocks, without their line feeds and without the BOM before the first.

    A line ends at a line feed and nothing else; the last one may lack it. Blank lines are among them. Held in memory
    are one block and, where a line is longer than that, this line.

    Raises:
        DamagedFile: it is no gzip, ends early (an empty file too), is corrupt by its checksum or otherwise, or goes on
            after a member with anything but another one (zero bytes between or behind them are padding). Raised when
            it is found, so maybe after some blocks.
    """
    is_start = True
    for text in _texts_of_whole_lines(stream):
        lines = text.split(b"\n")
        if not lines[-1]:
            lines.pop()
        if is_start:
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
            is_start = False
        yield lines


def _texts_of_whole_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The text in pieces of about `BLOCK_BYTES`, none of them empty, that end with a line feed or with the file."""
    held: list[bytes] = []
    held_bytes = 0
    has_line_feed = False
    for text in _texts(stream):
        held.append(text)
        held_bytes += len(text)
        has_line_feed = has_line_feed or b"\n" in text
        if has_line_feed and held_bytes >= BLOCK_BYTES:
            head, line_feed, tail = b"".join(held).rpartition(b"\n")
            yield head + line_feed
            held, held_bytes, has_line_feed = [tail], len(tail), False
    if held_bytes:
        yield b"".join(held)


def _texts(stream: IO[bytes]) -> Iterator[bytes]:
    """The text of all members, in pieces of at most `BLOCK_BYTES`."""
    packed = _more(stream, b"")
    if not packed:
        raise DamagedFile(Damage.CUT)
    if not packed.startswith(_GZIP_MAGIC[: len(packed)]):
        raise DamagedFile(Damage.NOT_GZIP)
    while packed:
        packed = yield from _member_texts(stream, packed)
        packed = _next_member(stream, packed)


def _member_texts(stream: IO[bytes], packed: bytes) -> Generator[bytes, None, bytes]:
    """The text of the member that begins with `packed`; returns what was read beyond it."""
    member = zlib.decompressobj(_GZIP_ONLY)
    while not member.eof:
        try:
            text = member.decompress(packed, BLOCK_BYTES)
        except zlib.error as error:
            raise DamagedFile(Damage.CORRUPT) from error
        if text:
            yield text
        packed = member.unconsumed_tail
        if not packed and not text and not member.eof:
            packed = stream.read(_READ_BYTES)
            if not packed:
                raise DamagedFile(Damage.CUT)
    return member.unused_data


def _next_member(stream: IO[bytes], packed: bytes) -> bytes:
    """The beginning of the next member; empty at the end of the file."""
    packed = packed.lstrip(b"\0")
    while not packed:
        read = stream.read(_READ_BYTES)
        if not read:
            return b""
        packed = read.lstrip(b"\0")
    packed = _more(stream, packed)
    if not packed.startswith(_GZIP_MAGIC[: len(packed)]):
        raise DamagedFile(Damage.TRAILING_GARBAGE)
    return packed


def _more(stream: IO[bytes], packed: bytes) -> bytes:
    """At least the two bytes that tell a member, where the file still has them."""
    while len(packed) < len(_GZIP_MAGIC):
        read = stream.read(_READ_BYTES)
        if not read:
            break
        packed += read
    return packed
