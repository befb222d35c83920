"""One writer a lake: a lock held by the command and, for as long as it lives, by its Java process.

The command holds ``_state/lock``. Its Java process holds ``_state/session.lock`` of its own accord, so that
a command that was killed is not followed by another while its last Spark job may still commit.
"""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from jobs.errors import TryAgain

POLL_S = 0.2


@contextmanager
def exclusive(lake: Path, command: str, wait_s: float, say: Callable[[str], None]) -> Iterator[None]:
    """Holds the lake for this command; waits up to ``wait_s`` seconds for another one to finish.

    Raises:
        TryAgain: another command still holds it.
    """
    folder = lake / "_state"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+", encoding="utf-8") as lock, session_lock(lake).open("a+") as session:
        _acquire(lock, session, wait_s, say)
        lock.truncate(0)
        lock.write(json.dumps({"command": command, "pid": os.getpid(), "host": socket.gethostname()}))
        lock.flush()
        yield
        lock.truncate(0)


def busy_with(lake: Path) -> str | None:
    """Who holds the lake at this moment; None when nobody does."""
    path = lake / "_state" / "lock"
    if not path.exists():
        return None
    with path.open("r", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _holder(lock)
    return None


def session_lock(lake: Path) -> Path:
    """The file that the Java process locks while it lives."""
    return lake / "_state" / "session.lock"


def _acquire(lock: TextIO, session: TextIO, wait_s: float, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait_s
    pause = threading.Event()
    waiting = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(session, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(session, fcntl.LOCK_UN)
            return
        except OSError as error:
            fcntl.flock(lock, fcntl.LOCK_UN)
            holder = _holder(lock)
            if time.monotonic() >= deadline:
                raise TryAgain(
                    f"the lake is in use by {holder}; try again when it is done, or raise lock.wait_s; "
                    "see docs/runbooks/lock.md"
                ) from error
        if not waiting:
            say(f"waiting for {holder}")
            waiting = True
        pause.wait(POLL_S)


def _holder(lock: TextIO) -> str:
    lock.seek(0)
    try:
        entry = json.loads(lock.read())
        return f"`podledger {entry['command']}` (process {entry['pid']} on {entry['host']})"
    except (json.JSONDecodeError, KeyError):
        return "another command, or the Java process of one that was killed"
