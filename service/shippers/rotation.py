"""Taking nginx's log away while it writes: moved aside, reopened, shipped, and removed once it has landed."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from service.shippers.ship import Shipped, Shipper

_ASIDE = "access-*.log"


class LogsAside:
    """The logs that were moved aside, and for how long nobody has written to each.

    That is told by their sizes and a clock that nobody sets: by the times of files, one written before the wall clock
    went back would wait until it is there again.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """What an earlier run left is written to no more: its nginx ended with it."""
        self._folder, self._clock = folder, clock
        self._seen = {log: (log.stat().st_size, -math.inf) for log in folder.glob(_ASIDE)}

    def add(self, access_log: Path, reopen: Callable[[], None]) -> bool:
        """Moves the log away and has nginx begin a new one; says whether there was anything in it.

        nginx writes the buffered rest into the moved file before it lets go of it, so that is shipped at a later turn.
        """
        if not access_log.exists() or access_log.stat().st_size == 0:
            return False
        access_log.rename(access_log.with_name(f"access-{uuid4().hex}.log"))
        reopen()
        self._look()
        return True

    def ship(self, shipper: Shipper, now_ms: int, settle_s: float, most_bytes: float = math.inf) -> list[Shipped]:
        """Ships those that nobody has written to for so long, then removes them; larger ones stay for later."""
        self._look()
        done = []
        for log, (size_bytes, since_s) in sorted(self._seen.items()):
            if self._clock() - since_s >= settle_s and size_bytes <= most_bytes:
                done.append(shipper.ship(log, "nginx", now_ms))
                log.unlink()
                del self._seen[log]
        return done

    def _look(self) -> None:
        now_s, before = self._clock(), self._seen
        sizes = {log: log.stat().st_size for log in self._folder.glob(_ASIDE)}
        nobody = (-1, now_s)
        self._seen = {
            log: before[log] if before.get(log, nobody)[0] == size else (size, now_s) for log, size in sizes.items()
        }
