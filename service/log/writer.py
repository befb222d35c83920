"""Group commit: one thread writes what all requests brought meanwhile, syncs once, and lets them all answer."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from service.log.segments import Segment, framed
from service.metrics import Metrics
from service.settings import LogSettings

log = logging.getLogger(__name__)

SPACE_LOOKED_AT_S = 1.0


class NotTaken(Exception):
    """The log cannot take a line now; what was sent may be sent again. ``why`` is a word."""

    def __init__(self, why: str) -> None:
        """``why``: queue, disk or stopping."""
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class _Waiting:
    line: bytes
    durable: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop


class Writer:
    """Appends lines to segments. ``on_closed`` gets each segment that is complete."""

    def __init__(
        self, folder: Path, settings: LogSettings, metrics: Metrics, on_closed: Callable[[Path], None]
    ) -> None:
        """``folder`` must be there."""
        self._folder, self._settings, self._metrics, self._on_closed = folder, settings, metrics, on_closed
        self._wake = threading.Condition()
        self._queue: list[_Waiting] = []
        self._queued_bytes = 0
        self._stopping = False
        self._segment: Segment | None = None
        self._opened_s = 0.0
        self._space_seen_s = 0.0
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)

    def start(self) -> None:
        """Begins to take lines."""
        self._thread.start()

    def append(self, line: bytes) -> asyncio.Future[None]:
        """A future that is done when the line is durable. Call it in an event loop.

        Raises:
            NotTaken: too much is waiting already, or the service stops. The future may raise it too.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(framed(line), loop.create_future(), loop)
        with self._wake:
            if self._stopping:
                raise NotTaken("stopping")
            if len(self._queue) >= self._settings.queue_batches:
                raise NotTaken("queue")
            if self._queue and self._queued_bytes + len(line) > self._settings.queue_bytes:
                raise NotTaken("queue")
            self._queue.append(waiting)
            self._queued_bytes += len(waiting.line)
            self._wake.notify()
        return waiting.durable

    @property
    def waiting(self) -> int:
        """How many lines wait for the disk."""
        return len(self._queue)

    def stop(self) -> None:
        """Writes what waits, closes the segment and ends."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            group, stopping = self._next_group()
            if group:
                self._commit(group)
            if self._segment is not None and (stopping or self._is_due()):
                self._close()
            if stopping and not group:
                return

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        with self._wake:
            if not self._queue and not self._stopping:
                left_s = None if self._segment is None else self._opened_s + self._settings.seal_s - time.monotonic()
                self._wake.wait(None if left_s is None else max(0.0, left_s))
            taken = 1 if self._settings.sync == "each" else len(self._queue)
            group, self._queue = self._queue[:taken], self._queue[taken:]
            self._queued_bytes = sum(len(one.line) for one in self._queue)
            return group, self._stopping

    def _commit(self, group: list[_Waiting]) -> None:
        refused: NotTaken | None = None
        try:
            self._keep_room()
            segment = self._open()
            began = time.perf_counter()
            segment.append(one.line for one in group)
            self._metrics.fsyncs.observe(time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001  # whatever it is: nobody may wait for ever, and the thread goes on
            log.error("the log cannot be written: %s; see docs/runbooks/service-log.md", error)
            refused = NotTaken("disk")
            if self._segment is not None and not self._segment.is_usable:
                self._close()
        for loop in {one.loop for one in group}:
            mine = [one.durable for one in group if one.loop is loop]
            try:
                loop.call_soon_threadsafe(_answer, mine, refused)
            except RuntimeError:
                log.warning("%d requests were gone before their answer", len(mine))

    def _keep_room(self) -> None:
        """Stops before the disk is quite full: sealing, which makes room again, needs some itself."""
        now_s = time.monotonic()
        if now_s - self._space_seen_s < SPACE_LOOKED_AT_S:
            return
        found = os.statvfs(self._folder)
        if found.f_bavail * found.f_frsize < self._settings.reserve_bytes:
            raise OSError(28, "less space left on the disk than log.reserve_bytes")
        self._space_seen_s = now_s

    def _open(self) -> Segment:
        if self._segment is None:
            self._segment = Segment(self._folder, time.time_ns() // 1_000_000, self._settings.sync != "none")
            self._opened_s = time.monotonic()
        return self._segment

    def _is_due(self) -> bool:
        assert self._segment is not None
        too_old = time.monotonic() >= self._opened_s + self._settings.seal_s
        return too_old or self._segment.size >= self._settings.seal_bytes

    def _close(self) -> None:
        assert self._segment is not None
        segment, self._segment = self._segment, None
        segment.close()
        self._on_closed(segment.path)


def _answer(durable: list[asyncio.Future[None]], refused: NotTaken | None) -> None:
    for future in durable:
        if future.cancelled():
            continue
        if refused is None:
            future.set_result(None)
        else:
            future.set_exception(NotTaken(refused.why))
