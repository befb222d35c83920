"""The durable log of an app: takes lines, seals segments, and finds after a crash what was not sealed."""

import fcntl
import os
from asyncio import Future
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi.concurrency import run_in_threadpool

from jobs.errors import Stop
from service.core import Core
from service.errors import Problem, try_later
from service.landing import make_folders
from service.log.sealer import Sealer
from service.log.writer import NotTaken, Writer

FOLDER = "log"
SEAL_AT_STOP_S = 20.0


class Log:
    """What the routes use."""

    def __init__(self, core: Core, writer: Writer, sealer: Sealer) -> None:
        """See `running_log`."""
        self._core, self._writer, self._sealer = core, writer, sealer

    def begin(self, line: bytes, dialect: str) -> Awaitable[None]:
        """Hands a line over; awaiting what this returns ends when the line is durable, and not before.

        Raises:
            Problem: 503, now or when awaited: it could not be kept; what was sent may be sent again.
        """
        try:
            durable = self._writer.append(line)
        except NotTaken as error:
            raise self._not_taken(error) from error
        return self._until(durable, dialect)

    async def _until(self, durable: Future[None], dialect: str) -> None:
        try:
            await durable
        except NotTaken as error:
            raise self._not_taken(error) from error
        self._core.metrics.batches.labels(dialect).inc()

    def _not_taken(self, error: NotTaken) -> Problem:
        self._core.metrics.refused.labels(error.why).inc()
        detail = "the service cannot keep more at the moment; send the same again later"
        return try_later("not_taken", detail, self._core.settings.log.retry_after_s)


@asynccontextmanager
async def running_log(core: Core) -> AsyncIterator[Log]:
    """The log while the app runs. At the end all that was taken is sealed, as far as the landing folder takes it.

    Raises:
        Stop: another process has the log open.
    """
    folder = core.settings.data.folder / FOLDER
    make_folders(folder)
    lock = _take_lock(folder)
    try:
        sealer = Sealer(core.landing, core.metrics)
        writer = Writer(folder, core.settings.log, core.metrics, sealer.seal)
        core.metrics.watch("log_waiting_batches", "Batches that wait for the disk.", lambda: writer.waiting)
        core.metrics.watch("log_unsealed_segments", "Complete segments not landed yet.", lambda: sealer.pending)
        core.metrics.watch("log_oldest_unsealed_seconds", "Age of the oldest of them.", lambda: sealer.oldest_s)
        sealer.start(folder)
        writer.start()
        log = Log(core, writer, sealer)
        core.add_part(log)
        yield log
        await run_in_threadpool(writer.stop)
        await run_in_threadpool(sealer.stop, SEAL_AT_STOP_S)
    finally:
        os.close(lock)


def _take_lock(folder: Path) -> int:
    handle = os.open(folder / "lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        text = f"{folder}: another service has this log open; stop it, or give this one a data.folder of its own"
        raise Stop(text) from error
    return handle
