"""Running a command and measuring it with everything it starts."""

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

SECONDS_BETWEEN_LOOKS = 0.1
TAIL_CHARS = 2_000


class CommandFailedError(RuntimeError):
    """A measured command ended with an exit code other than 0; the text ends with what it said."""


@dataclass(frozen=True)
class Measured:
    """One run of a command: wall clock, processor time and peak memory of its process tree, and its programs' names."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    stdout: str
    programs: frozenset[str] = frozenset()


@dataclass
class Watch:
    """What a process tree used while it was looked at."""

    peak_bytes: int = 0
    programs: set[str] = field(default_factory=set)
    _before_s: dict[tuple[int, float], float] = field(default_factory=dict)
    _after_s: dict[tuple[int, float], float] = field(default_factory=dict)

    @property
    def cpu_s(self) -> float:
        """User and system time of all processes seen, since the first look."""
        return sum(self._after_s.values()) - sum(self._before_s.values())

    def look(self, process: psutil.Process, *, is_first: bool = False) -> None:
        """Take down what the process and its descendants use now; before a ``first`` look they used nothing."""
        resident_bytes = 0
        for member in _tree(process):
            try:
                with member.oneshot():
                    resident_bytes += member.memory_info().rss
                    times, key = member.cpu_times(), (member.pid, member.create_time())
                    name = member.name()
            except psutil.Error:
                continue
            if key not in self._after_s:
                self.programs.add(name)
            self._after_s[key] = times.user + times.system
        if is_first:
            self._before_s = dict(self._after_s)
        self.peak_bytes = max(self.peak_bytes, resident_bytes)


@contextmanager
def watching(process: psutil.Process) -> Iterator[Watch]:
    """Look at a process that goes on running, from now to the end of the block.

    Peak memory is the greatest sum of resident sizes of the process and all its descendants, looked at every
    tenth of a second; pages that processes share count for each. Processor time is that of all processes seen.
    """
    watch, ended = Watch(), threading.Event()
    watch.look(process, is_first=True)

    def look_on() -> None:
        while not ended.wait(SECONDS_BETWEEN_LOOKS):
            watch.look(process)

    thread = threading.Thread(target=look_on, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
        watch.look(process)


def measure(command: list[str]) -> Measured:
    """Run a command to its end, looked at as by :func:`watching`. Raises CommandFailedError when it fails."""
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        began = time.monotonic()
        process = psutil.Popen(command, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL)
        with watching(process) as watch:
            process.wait()
            wall_s = time.monotonic() - began
        stdout.seek(0)
        stderr.seek(0)
        if process.returncode != 0:
            said = (stdout.read() + stderr.read())[-TAIL_CHARS:]
            raise CommandFailedError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
        return Measured(wall_s, watch.cpu_s, watch.peak_bytes, stdout.read(), frozenset(watch.programs))


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
