"""One stage of the set-up: skipped while its inputs are the same, and begun anew after an interruption.

A stage leaves a stamp, the fingerprint of its inputs, as the very last thing it does. So an interrupted stage
has no stamp, and the next run does it again.
"""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import layout


class SetupError(Exception):
    """The set-up cannot go on; the message says why and what to do."""


def fingerprint(*inputs: str | Path) -> str:
    """SHA-256 over texts, and over the bytes of files."""
    total = hashlib.sha256()
    for part in inputs:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def stage(name: str, inputs: str, work: Callable[[], str], results: tuple[Path, ...] = ()) -> None:
    """Does `work`, which returns a line to print, unless it was done on these inputs and its results exist."""
    stamp = layout.STAMPS / name
    if stamp.is_file() and stamp.read_text() == inputs and all(path.exists() for path in results):
        say(name, "up to date")
        return
    stamp.unlink(missing_ok=True)
    say(name, "…")
    start = time.monotonic()
    line = work()
    write(stamp, inputs)
    say(name, f"{line} ({time.monotonic() - start:.0f} s)")


def say(name: str, text: str) -> None:
    """Prints one line of progress."""
    print(f"setup: {name:<12} {text}", flush=True)


def write(path: Path, text: str) -> bool:
    """Writes a whole file or nothing; says whether that changed it."""
    if path.is_file() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)
    return True


def run(command: list[str | Path], env: dict[str, str] | None = None) -> None:
    """Runs a command that prints its own progress.

    Raises:
        SetupError: the command failed.
    """
    try:
        subprocess.run(command, check=True, cwd=layout.REPOSITORY, env=env)
    except subprocess.CalledProcessError as error:
        words = " ".join(str(word) for word in command)
        raise SetupError(f"exit code {error.returncode} from: {words}\nRun `make setup` again to go on.") from error
