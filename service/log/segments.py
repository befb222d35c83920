"""Segments: files of lines, each behind its checksum, so that a torn or damaged line is told from a whole one."""

import os
import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from service.landing import sync_folder

OPEN = ".open"
CLOSED = ".closed"
CHECKSUM_CHARS = 8


@dataclass(slots=True)
class Found:
    """What a segment holds: its whole lines, and how many bytes are no whole line."""

    lines: list[bytes] = field(default_factory=list)
    torn_bytes: int = 0
    """At the end: what was being written when the service was killed. It was never answered."""
    damaged_bytes: int = 0
    """Before the end: something else wrote to the file, or the disk forgot."""


def framed(line: bytes) -> bytes:
    """The line as it stands in a segment. It must not hold a line feed."""
    return b"%08x %b\n" % (zlib.crc32(line), line)


def read_segment(path: Path) -> Found:
    """All that can be read of a segment."""
    found = Found()
    *whole, torn = path.read_bytes().split(b"\n")
    found.torn_bytes = len(torn)
    bad_at_the_end = 0
    for text in whole:
        checksum, line = text[:CHECKSUM_CHARS], text[CHECKSUM_CHARS + 1 :]
        if checksum == b"%08x" % zlib.crc32(line) and text[CHECKSUM_CHARS : CHECKSUM_CHARS + 1] == b" ":
            found.lines.append(line)
            found.damaged_bytes += bad_at_the_end
            bad_at_the_end = 0
        else:
            bad_at_the_end += len(text) + 1
    found.torn_bytes += bad_at_the_end
    return found


class Segment:
    """A segment that is being written. One thread uses it."""

    def __init__(self, folder: Path, now_ms: int, sync: bool = True) -> None:
        """Makes the file, durably. Names sort by the time they were made and are never used again."""
        self.path = folder / f"{max(0, now_ms):013d}-{secrets.token_hex(8)}{OPEN}"
        self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._sync = sync
        self.size = 0
        if sync:
            try:
                sync_folder(folder)
            except OSError:
                self.close()  # the empty file goes with the next start
                raise

    def append(self, lines: Iterable[bytes]) -> None:
        """Writes the lines and makes them durable, all of them or, when it raises, none that anyone may rely on.

        Raises:
            OSError: the disk did not take them. `is_usable` says whether the segment can be written on.
        """
        rest = memoryview(b"".join(lines))
        size = self.size + len(rest)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError:
            self._take_back()
            raise
        if self._sync:
            self._make_durable()
        self.size = size

    def _take_back(self) -> None:
        """Cuts off what was half written; a segment that cannot even be cut is not written on."""
        try:
            os.ftruncate(self._handle, self.size)
        except OSError:
            self.close()

    def _make_durable(self) -> None:
        try:
            os.fdatasync(self._handle)
        except OSError:
            # What the kernel could not write it may have dropped: a second fdatasync would say yes to nothing.
            self.close()
            raise

    @property
    def is_usable(self) -> bool:
        """Whether it can be written on."""
        return self._handle >= 0

    def close(self) -> None:
        """No more lines."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
