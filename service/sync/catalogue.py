"""The catalogue in force, as the landing folder has it: what unknown episodes and odd intervals are judged by."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress

from fastapi.concurrency import run_in_threadpool

from jobs.records.catalogue import Episode, read_catalogue
from jobs.records.json_text import MAX_INT
from service.core import Core

NAME = "catalog/episodes.ndjson"
LEAST_AGE_S = 0.2
END_MS = MAX_INT - 1_000_000

log = logging.getLogger(__name__)


class _AnyEpisode(Mapping[str, int]):
    """Before the first catalogue nothing is unknown: the jobs will say."""

    def __getitem__(self, episode_id: str) -> int:
        return END_MS

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Catalogue:
    """The durations of all known episodes, in ms."""

    def __init__(self, core: Core) -> None:
        """Nothing is known yet."""
        self._core = core
        self._stamp: str | None = None
        self._episodes: dict[str, Episode] = {}
        self._lines: dict[bytes, Episode] = {}
        self._one_at_a_time = threading.Lock()
        self._looked_s = -LEAST_AGE_S
        self.durations: Mapping[str, int] = _AnyEpisode()

    def refresh_unless_new(self) -> None:
        """Looks again for an answer that the newest catalogue might change; so often and no oftener."""
        with self._one_at_a_time:
            if time.monotonic() - self._looked_s >= LEAST_AGE_S:
                self._refresh()

    def refresh(self) -> None:
        """Reads it again if it was replaced; one that the jobs would refuse changes nothing."""
        with self._one_at_a_time:
            self._refresh()

    def _refresh(self) -> None:
        self._looked_s = time.monotonic()
        try:
            stamp = self._core.landing.stamp(NAME)
            content = None if stamp in (None, self._stamp) else self._core.landing.read(NAME)
            if content is None:
                return
            self._episodes = read_catalogue(content, self._episodes, self._lines)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with it, the one before stays in force
            log.warning("the catalogue stays as it was: %s", error)
            return
        self._stamp = stamp
        self.durations = {name: episode.duration_ms for name, episode in self._episodes.items()}


@asynccontextmanager
async def running_catalogue(core: Core) -> AsyncIterator[Catalogue]:
    """The catalogue, looked at again and again while the app runs."""
    catalogue = Catalogue(core)

    async def keep_fresh() -> None:
        while True:
            await run_in_threadpool(catalogue.refresh)
            await asyncio.sleep(core.settings.sync.catalogue_s)

    await run_in_threadpool(catalogue.refresh)
    core.add_part(catalogue)
    task = asyncio.create_task(keep_fresh())
    yield catalogue
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
