"""The other end of a warm session: sends it commands and measures each."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from benchmarks.measuring import TAIL_CHARS, CommandFailedError, Measured, watching

ROOT = Path(__file__).resolve().parent.parent


class WarmSession:
    """A process of its own in which commands are performed one after the other."""

    def __init__(self, function: str | None) -> None:
        """Start the session; `function` is ``module:function``, called with the arguments of each command."""
        if function is None:
            raise ValueError("this contestant has no session, only a command")
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the session
        self.process = psutil.Popen(
            [sys.executable, "-m", "benchmarks.warm_session", function],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            cwd=ROOT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def perform(self, arguments: list[str]) -> Measured:
        """Perform a command; its seconds are those inside the session. Raises CommandFailedError."""
        with watching(self.process) as watch:
            print(json.dumps(arguments), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        answered: dict[str, Any] = json.loads(line) if line else {"code": "the end of its process"}
        if answered["code"] != 0:
            self._stderr.seek(0)
            said = (answered.get("stdout", "") + self._stderr.read())[-TAIL_CHARS:]
            raise CommandFailedError(f"{' '.join(arguments)} ended with {answered['code']}:\n{said}")
        return Measured(answered["seconds"], watch.cpu_s, watch.peak_bytes, answered["stdout"])

    def close(self) -> None:
        """End the session."""
        self.process.stdin.close()
        self.process.wait()
        self._stderr.close()
