"""What a process tree did to a lake: bytes it moved, files it opened, files that came and went."""

import ctypes
import json
import os
import select
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

IN_OPEN, IN_CREATE, IN_MOVED_TO, IN_Q_OVERFLOW, IN_ISDIR = 0x20, 0x100, 0x80, 0x4000, 0x40000000
EVENT = struct.Struct("iIII")
BUFFER_BYTES = 1 << 20


class WatchFailedError(RuntimeError):
    """The kernel did not tell all that happened; the text says how to mend it."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What one piece of work moved and touched.

    `read_bytes` and `written_bytes` are what its processes asked the kernel for, page cache and pipes included.
    Data files are Parquet files of tables, logs and checkpoints left out: `opened` those that were there before and
    were read, `added` those that came. `removed` counts what the tables' logs let go. `opened_bytes` and
    `added_bytes` are the sizes of those files, whole. `tables` tells the same of each table and folder of the lake, and
    what of its log was read.
    """

    read_bytes: int = 0
    written_bytes: int = 0
    opened: int = 0
    opened_bytes: int = 0
    added: int = 0
    added_bytes: int = 0
    removed: int = 0
    tables: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """Data files read, added or removed; one that was read and then removed counts once for each."""
        return self.opened + self.added + self.removed

    def __add__(self, other: "Touched") -> "Touched":
        tables = {
            table: dict(Counter(self.tables.get(table, {})) + Counter(other.tables.get(table, {})))
            for table in sorted({*self.tables, *other.tables})
        }
        counts = {name: getattr(self, name) + getattr(other, name) for name in Touched.__slots__ if name != "tables"}
        return Touched(**counts, tables=tables)


@contextmanager
def watching_lake(lake: Path, process: psutil.Process) -> Iterator[list[Touched]]:
    """Watch a lake while the process and its descendants work on it; at the end the list holds what they touched."""
    lake.mkdir(parents=True, exist_ok=True)
    found: list[Touched] = []
    before, read_before, written_before = _files(lake), *_moved(process)
    opened = _Opened(lake)
    try:
        yield found
    finally:
        names = opened.stop()
    after, (read_after, written_after) = _files(lake), _moved(process)
    tables = _by_table(lake, before, after, names)
    whole = sum((Counter(figures) for figures in tables.values()), Counter[str]())
    counts = {name: whole[name] for name in ("opened", "opened_bytes", "added", "added_bytes", "removed")}
    found.append(Touched(read_after - read_before, written_after - written_before, **counts, tables=tables))


def _by_table(lake: Path, before: dict[str, int], after: dict[str, int], names: set[str]) -> dict[str, dict[str, int]]:
    """Figures of :class:`Touched` by table, of those that are not 0; ``log_opened`` counts its log's."""
    tables: dict[str, Counter[str]] = {}
    for name in names & before.keys():
        of_table = tables.setdefault(_table(name), Counter())
        kind = "opened" if _is_data(name) else "log_opened"
        of_table[kind] += 1
        of_table[f"{kind}_bytes"] += before[name]
    for name in after.keys() - before.keys():
        of_table = tables.setdefault(_table(name), Counter())
        if _is_data(name):
            of_table["added"] += 1
            of_table["added_bytes"] += after[name]
        elif "_delta_log" in name and name.endswith(".json"):
            of_table["removed"] += _removals(lake / name)
    return {table: dict(+figures) for table, figures in sorted(tables.items())}


def _table(name: str) -> str:
    return "/".join(name.split("/")[:2])


def lake_size(lake: Path) -> tuple[int, int]:
    """How many files lie in a lake, and their bytes."""
    sizes = _files(lake)
    return len(sizes), sum(sizes.values())


def _files(lake: Path) -> dict[str, int]:
    """The files of a lake and their sizes, by their path inside it."""
    sizes, start = {}, len(str(lake)) + 1
    folders = [str(lake)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    sizes[entry.path[start:]] = entry.stat(follow_symlinks=False).st_size
    return sizes


def _is_data(name: str) -> bool:
    return name.endswith(".parquet") and "_delta_log" not in name


def _removals(commit: Path) -> int:
    return sum("remove" in json.loads(line) for line in commit.read_text().splitlines() if line)


def _moved(process: psutil.Process) -> tuple[int, int]:
    """Bytes read and written by the tree so far; the kernel adds those of ended children to their parent's."""
    read = written = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            counters = member.io_counters()
        except psutil.NoSuchProcess:
            continue
        read, written = read + counters.read_chars, written + counters.write_chars
    return read, written


class _Opened:
    """Which files below a folder are opened, by inotify; folders that appear meanwhile are watched from then on."""

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._folder, self._names, self._watched = str(folder), set[str](), dict[int, str]()
        self._error: WatchFailedError | None = None
        self._watch_tree(str(folder))
        self._stopped, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self) -> set[str]:
        """The paths of the files opened, inside the folder. Raises WatchFailedError."""
        os.write(self._wake, b".")
        self._thread.join()
        for descriptor in (self._queue, self._wake, self._stopped):
            os.close(descriptor)
        if self._error is not None:
            raise self._error
        return self._names

    def _watch_tree(self, top: str) -> None:
        for folder, _, _ in os.walk(top):
            number = self._libc.inotify_add_watch(self._queue, folder.encode(), IN_OPEN | IN_CREATE | IN_MOVED_TO)
            if number < 0 and ctypes.get_errno() == 28:  # ENOSPC: no more watches
                raise WatchFailedError("too many folders to watch: raise fs.inotify.max_user_watches")
            self._watched[number] = folder

    def _listen(self) -> None:
        while True:
            ready, _, _ = select.select([self._queue, self._stopped], [], [])
            if self._queue in ready:
                self._take(os.read(self._queue, BUFFER_BYTES))
            elif ready:
                return

    def _take(self, events: bytes) -> None:
        at = 0
        while at < len(events):
            number, mask, _, length = EVENT.unpack_from(events, at)
            name = events[at + EVENT.size : at + EVENT.size + length].rstrip(b"\0").decode()
            at += EVENT.size + length
            if mask & IN_Q_OVERFLOW:
                self._error = WatchFailedError("events were lost: raise fs.inotify.max_queued_events")
            elif mask & IN_ISDIR:
                if mask & (IN_CREATE | IN_MOVED_TO):
                    self._watch_tree(f"{self._watched[number]}/{name}")
            elif mask & IN_OPEN:
                self._names.add(f"{self._watched[number]}/{name}"[len(self._folder) + 1 :])
