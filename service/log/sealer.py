"""Sealing: complete segments become files of the landing folder, each exactly once."""

import datetime as dt
import gzip
import logging
import queue
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

from service.landing import Landing, sync_folder
from service.log.segments import CLOSED, OPEN, read_segment
from service.metrics import Metrics

log = logging.getLogger(__name__)

DAMAGED = "damaged"
AGAIN_S = (0.5, 1, 2, 5, 10, 30)
_PLANNED = re.compile(r"(?P<name>[0-9a-f-]+)\.(?P<hour>\d{4}-\d\d-\d\dT\d\d)\.closed")


def utc_hour() -> str:
    """The UTC hour it is, as ``YYYY-MM-DDTHH``."""
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H}"


class Sealer:
    """One thread that seals segments in turn and tries again until the landing folder takes them.

    Before anything is written there, the segment is renamed after the hour it is sealed in: whoever finds it after a
    crash knows under which one name its file may be there already.
    """

    def __init__(self, landing: Landing, metrics: Metrics, hour: Callable[[], str] = utc_hour) -> None:
        """``hour`` is the clock."""
        self._landing, self._metrics, self._hour = landing, metrics, hour
        self._segments: queue.Queue[Path | None] = queue.Queue()
        self._pending: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-sealer", daemon=True)

    def start(self, folder: Path) -> None:
        """Begins with what an earlier run left in ``folder``."""
        for path in sorted([*folder.glob(f"*{OPEN}"), *folder.glob(f"*{CLOSED}")]):
            self.seal(path)
        self._thread.start()

    def seal(self, path: Path) -> None:
        """Puts a segment that nobody writes to any more into the queue."""
        self._pending[_stem(path)] = time.monotonic()
        self._segments.put(path)

    @property
    def pending(self) -> int:
        """How many segments are not in the landing folder yet."""
        return len(self._pending)

    @property
    def oldest_s(self) -> float:
        """For how long the first of them has waited."""
        return time.monotonic() - min([*self._pending.values(), time.monotonic()])

    def stop(self, within_s: float) -> None:
        """Seals what there is, once each, and ends; what could not be sealed waits for the next start."""
        self._stopping.set()
        self._segments.put(None)
        self._thread.join(within_s)

    def _run(self) -> None:
        failures = 0
        while (path := self._segments.get()) is not None:
            try:
                self._seal(path)
            except Exception as error:  # noqa: BLE001  # whatever it is, the segment stays and its turn comes again
                self._metrics.seal_failures.inc()
                log.error("not sealed yet: %s: %s; see docs/runbooks/service-landing.md", path.name, error)
                self._segments.put(_as_it_is_named_now(path))
                self._stopping.wait(AGAIN_S[min(failures, len(AGAIN_S) - 1)])
                failures += 1
            else:
                failures = 0
                self._pending.pop(_stem(path), None)

    def _seal(self, path: Path) -> None:
        """Seals one segment; what an earlier attempt may have written is looked for first."""
        planned = _PLANNED.fullmatch(path.name)
        if planned is not None and self._landing.stamp(_target(path)) is not None:
            path.unlink()
            return
        found = read_segment(path)
        if found.damaged_bytes:
            _set_aside(path, found.damaged_bytes)
        if not found.lines:
            path.unlink()
            return
        path = self._plan(path)
        content = gzip.compress(b"".join(line + b"\n" for line in found.lines), compresslevel=6, mtime=0)
        self._landing.put(_target(path), content)
        path.unlink()
        self._metrics.sealed.inc()
        log.info("sealed %s: %d batches, %d bytes", _target(path), len(found.lines), len(content))

    def _plan(self, path: Path) -> Path:
        renamed = path.with_name(f"{_stem(path)}.{self._hour()}{CLOSED}")
        if renamed != path:
            path.rename(renamed)
            sync_folder(path.parent)
        return renamed


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _as_it_is_named_now(path: Path) -> Path:
    """The segment after an attempt that may have renamed it."""
    return next(path.parent.glob(f"{_stem(path)}.*"), path)


def _target(path: Path) -> str:
    planned = _PLANNED.fullmatch(path.name)
    assert planned is not None
    day, hour = planned["hour"].split("T")
    return f"sync/{day}/{hour}/{planned['name']}.ndjson.gz"


def _set_aside(path: Path, damaged_bytes: int) -> None:
    """Keeps a copy of a segment that is damaged inside; its whole lines are sealed all the same."""
    log.error("%s: %d bytes are damaged; see docs/runbooks/service-log.md", path.name, damaged_bytes)
    folder = path.parent / DAMAGED
    folder.mkdir(exist_ok=True)
    (folder / path.name).write_bytes(path.read_bytes())
