"""The edge as the settings want it, and its log on the way to the landing folder."""

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter

from jobs.errors import Stop
from service.catalog.chores import repeat
from service.core import Core
from service.edge.plan import Bucket, EdgePlan
from service.edge.running import Nginx
from service.media.store import MediaBucket, media_folder, open_media
from service.secrets import Secrets
from service.settings import Settings
from service.shippers.networks import DailyKeys, NetworkLists, read_lists
from service.shippers.rotation import LogsAside
from service.shippers.ship import Shipped, Shipper

router = APIRouter()
log = logging.getLogger(__name__)

_SETTLE_S = 2.0
_LAST_BYTES = 16 << 20
"""A longer log is not waited for when the service ends: a second or two for some 50 000 requests."""


def edge_plan(settings: Settings, secrets: Secrets) -> EdgePlan:
    """What nginx is to do at this place."""
    folder = settings.data.folder
    store = open_media(settings, secrets)
    host = settings.server.host if settings.server.host not in ("0.0.0.0", "::") else "127.0.0.1"
    return EdgePlan(
        listen=settings.edge.listen,
        service=f"{host}:{settings.server.port}",
        runtime=folder / "nginx",
        feeds=folder / "feeds",
        media=media_folder(settings) if not isinstance(store, MediaBucket) else folder / "media",
        logs=folder / "edge-logs",
        link_secret=link_secret(secrets),
        bucket=Bucket(*store.host()) if isinstance(store, MediaBucket) else None,
        feed_max_age_s=settings.feeds.max_age_s,
        connections_per_client=settings.edge.connections_per_client,
        workers=settings.edge.workers,
        trusted_proxies=tuple(one.strip() for one in settings.edge.trusted_proxies.split(",") if one.strip()),
    )


def link_secret(secrets: Secrets) -> str:
    """What signs short paths; nginx and the service share it."""
    return secrets.key("media-links").hex()


@asynccontextmanager
async def running(core: Core) -> AsyncIterator[None]:
    """Runs nginx before the service and ships its log, where ``edge.listen`` says so."""
    if not core.settings.edge.listen:
        yield
        return
    nginx = Nginx(edge_plan(core.settings, core.secrets))
    chore = LogChore(core, nginx)
    with nginx:
        async with repeat(core.settings.edge.ship_s, chore.ship):
            yield
    chore.ship_rest()


class LogChore:
    """Ships the edge's log, turn by turn."""

    def __init__(self, core: Core, nginx: Nginx) -> None:
        """Opens keys and lists."""
        settings = core.settings
        keys = DailyKeys(settings.data.folder / "network-keys")
        self._core = core
        self._nginx = nginx
        self._shipper = Shipper(core.landing, keys, network_lists(settings.edge.networks), settings.edge.late_days)
        self._aside = LogsAside(nginx.plan.logs)

    def ship(self) -> None:
        """Lands what was set aside before, sets aside what came since, and destroys keys nobody needs."""
        now_ms = self._core.now_ms()
        _tell_of_refused(self._aside.ship(self._shipper, now_ms, _SETTLE_S))
        self._aside.add(self._nginx.plan.access_log, self._nginx.reopen_log)
        self._shipper.destroy_old_keys(now_ms)

    def ship_rest(self) -> None:
        """Lands what is soon landed, once nginx has ended and nobody writes any more; the next start has the rest."""
        self._aside.add(self._nginx.plan.access_log, lambda: None)
        _tell_of_refused(self._aside.ship(self._shipper, self._core.now_ms(), 0.0, _LAST_BYTES))


def _tell_of_refused(shipped: Iterable[Shipped]) -> None:
    for one in shipped:
        if one.refused:
            reasons = ", ".join(f"{reason} {number}" for reason, number in sorted(one.refused.items()))
            log.warning("access log: of %d lines some do not land: %s; see docs/runbooks/edge.md", one.lines, reasons)


def network_lists(file: str) -> NetworkLists:
    """The lists of the settings; without a file every network is unknown.

    Raises:
        Stop: the file cannot be read.
    """
    if not file:
        return read_lists("none", ())
    path = Path(file)
    try:
        return read_lists(path.stem, path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise Stop(f"setting edge.networks: {path}: {error}") from error
