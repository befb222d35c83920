"""A wall clock that jumps, for a running service and all that it starts.

Clocks that nobody sets (monotonic ones) go on as they do on a machine whose wall clock is set, and so do the times that
the system gives to files.
"""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tests.needs import needs

HOUR_S, DAY_S = 3600, 86_400
# libfaketime 0.9.10 does not know sleeps until a time on a clock that it leaves alone, as Python's are; and nginx takes
# from its workers' environment what it was not told to keep.
SLEEP = """import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""


@dataclass(slots=True)
class Clock:
    """The wall clock, so many seconds off the machine's."""

    file: Path
    off_s: int = 0

    def environment(self) -> dict[str, str]:
        """What a process must have in its environment to go by this clock."""
        needs("libfaketime", "nginx")
        self.jump(self.off_s)
        told = {
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        path = f"{os.environ['PATH']}:/usr/sbin"
        before = self.file.with_name(f"{self.file.name}-before")
        before.mkdir(exist_ok=True)
        (before / "sitecustomize.py").write_text(SLEEP, encoding="ascii")
        nginx = before / "nginx"
        keeps = " ".join(f"env {name};" for name in told)
        nginx.write_text(f'#!/bin/sh\nexec {shutil.which("nginx", path=path)} -g "{keeps}" "$@"\n', encoding="ascii")
        nginx.chmod(0o755)
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        return {**told, "LD_PRELOAD": str(library), "PYTHONPATH": str(before), "PATH": f"{before}:{path}"}

    def jump(self, off_s: int) -> None:
        """Sets it, for everybody at once."""
        draft = self.file.with_name(f"{self.file.name}.new")
        draft.write_text(f"{off_s:+d}\n", encoding="ascii")
        draft.replace(self.file)
        self.off_s = off_s

    def now_ms(self) -> int:
        """Unix ms."""
        return time.time_ns() // 1_000_000 + self.off_s * 1000
