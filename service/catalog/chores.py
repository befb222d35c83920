"""Work that comes round by itself while the service runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from fastapi.concurrency import run_in_threadpool

from service.errors import as_away

log = logging.getLogger(__name__)


@asynccontextmanager
async def repeat(every_s: float, work: Callable[[], object]) -> AsyncIterator[None]:
    """Does some work in a thread, again and again, until the block ends; a failure is logged and tried again.

    The block ends after the turn that is under way.
    """
    stop = asyncio.Event()

    async def turns() -> None:
        while not stop.is_set():
            try:
                await run_in_threadpool(work)
            except Exception as error:
                known = as_away(error)
                told = f"{known.code}, {type(error).__name__}" if known else "its trace follows"
                said = "%s failed and is tried again in %g s: %s"
                log.error(said, getattr(work, "__qualname__", work), every_s, told, exc_info=known is None)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_s)

    task = asyncio.create_task(turns())
    try:
        yield
    finally:
        stop.set()
        await task
