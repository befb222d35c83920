"""Feeds as files that nginx serves by itself: its ``ETag`` and ``Last-Modified`` come from size and time.

So a file is written only when its bytes change, each time with a later whole second as its time, and its gzip beside it
with the same.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from service.feeds.compressing import BlockGzip
from service.landing import make_folders, sync_folder, write_whole


def write_feed_file(path: Path, content: bytes, now_s: int, gzip: BlockGzip) -> bool:
    """Puts the content there, and its gzip beside it, unless it is there already; says whether it changed.

    Both appear whole. The gzip comes first: after a crash between the two their times differ, and both are
    written again.

    Raises:
        OSError: the disk is full, read-only or away. What was there before still is.
    """
    beside = path.with_name(path.name + ".gz")
    if is_written(path, content):
        return False
    before = _time_of(path)
    at_s = max(now_s, 0 if before is None else before + 1)
    make_folders(path.parent)
    _replace(beside, gzip.compress(content), at_s)
    _replace(path, content, at_s)
    sync_folder(path.parent)
    return True


def is_written(path: Path, content: bytes) -> bool:
    """Whether the file and its gzip say that already."""
    before = _time_of(path)
    if before is None or before != _time_of(path.with_name(path.name + ".gz")):
        return False
    return path.stat().st_size == len(content) and path.read_bytes() == content


class WrittenFiles:
    """What feed files were made of, for as long as nobody else touched them: those need not be read, nor made again."""

    def __init__(self) -> None:
        """Nothing is known of any file."""
        self._made: dict[Path, tuple[object, tuple[int, ...]]] = {}

    def is_made_of(self, path: Path, parts: object) -> bool:
        """Whether the file and its gzip are those that were noted, and were made of that."""
        known = self._made.get(path)
        return known is not None and known == (parts, _stamp(path))

    def note(self, path: Path, parts: object) -> None:
        """Notes what a file that was just written, or compared, is made of."""
        stamp = _stamp(path)
        if stamp is not None:
            self._made[path] = (parts, stamp)

    def forget(self, path: Path) -> None:
        """The file is gone."""
        self._made.pop(path, None)


def remove_feed_file(path: Path) -> None:
    """Takes a feed file and its gzip away."""
    for one in (path, path.with_name(path.name + ".gz")):
        with suppress(FileNotFoundError):
            one.unlink()


def _replace(path: Path, content: bytes, modified_s: int) -> None:
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        write_whole(draft, content)
        os.utime(draft, (modified_s, modified_s))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What tells both files from any others of their names."""
    try:
        found = [one.stat() for one in (path, path.with_name(path.name + ".gz"))]
    except FileNotFoundError:
        return None
    return tuple(number for one in found for number in (one.st_ino, one.st_size, one.st_mtime_ns))


def _time_of(path: Path) -> int | None:
    try:
        return int(path.stat().st_mtime)
    except FileNotFoundError:
        return None
