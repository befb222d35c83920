"""Running a command and measuring it with everything it starts."""

import subprocess
import tempfile
import time
from dataclasses import dataclass

import psutil

SECONDS_BETWEEN_LOOKS = 0.1
TAIL_CHARS = 2_000


class CommandFailedError(RuntimeError):
    """A measured command ended with an exit code other than 0; the text ends with what it said."""


@dataclass(frozen=True)
class Measured:
    """One run of a command: wall clock, processor time and peak memory of its process tree."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    stdout: str


def measure(command: list[str]) -> Measured:
    """Run a command to its end.

    Peak memory is the greatest sum of resident sizes of the process and all its descendants, looked at every
    tenth of a second; pages that processes share count for each. Processor time is that of all processes seen.
    Raises CommandFailedError when the command fails.
    """
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        began = time.monotonic()
        process = psutil.Popen(command, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL)
        peak_bytes, cpu_s = 0, {}
        while process.poll() is None:
            resident_bytes = 0
            for member in _tree(process):
                try:
                    with member.oneshot():
                        resident_bytes += member.memory_info().rss
                        times = member.cpu_times()
                except psutil.Error:
                    continue
                cpu_s[member.pid, member.create_time()] = times.user + times.system
            peak_bytes = max(peak_bytes, resident_bytes)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        wall_s = time.monotonic() - began
        stdout.seek(0)
        stderr.seek(0)
        if process.returncode != 0:
            said = (stdout.read() + stderr.read())[-TAIL_CHARS:]
            raise CommandFailedError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
        return Measured(wall_s, sum(cpu_s.values()), peak_bytes, stdout.read())


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
