"""What all routes share: one object an app, made once at its start."""

import time
from dataclasses import dataclass, field
from typing import TypeVar

from fastapi import Request

from service.db.database import Database, open_database
from service.landing import Landing, open_landing
from service.limits import Allowance
from service.metrics import Metrics
from service.network import hash_network, plain_network
from service.secrets import Secrets, read_secrets
from service.settings import Settings

Part = TypeVar("Part")


@dataclass(slots=True)
class Core:
    """The service's settings and what it holds open. Routes get it through `core_of`."""

    settings: Settings
    secrets: Secrets
    database: Database
    landing: Landing
    metrics: Metrics
    network_key: bytes = field(repr=False)
    limits: dict[str, Allowance]
    parts: dict[type, object] = field(default_factory=dict)

    def add_part(self, part: object) -> None:
        """Keeps what a folder of the service holds open, for others to find by its class."""
        self.parts[type(part)] = part

    def part(self, kind: type[Part]) -> Part:
        """What was added of that class; it is there while the app runs."""
        found = self.parts[kind]
        assert isinstance(found, kind)
        return found

    def now_ms(self) -> int:
        """Unix ms by the wall clock."""
        return time.time_ns() // 1_000_000


def open_core(settings: Settings) -> Core:
    """Opens database and landing folder; nothing is read or written yet but a laptop's secret."""
    secrets = read_secrets(settings.data.folder)
    given = settings.limits
    return Core(
        settings=settings,
        secrets=secrets,
        database=open_database(settings),
        landing=open_landing(settings, secrets),
        metrics=Metrics(),
        network_key=secrets.key("network"),
        limits={name: Allowance(getattr(given, name)) for name in given.__slots__},
    )


def core_of(request: Request) -> Core:
    """The core of the app that a request came to; for `Depends`."""
    core = request.app.state.core
    assert isinstance(core, Core)
    return core


def network_of(request: Request) -> str | None:
    """The network a request comes from, as it may land: a keyed hash."""
    return None if request.client is None else hash_network(request.client.host, core_of(request).network_key)


def limit_network(request: Request, allowance: str) -> None:
    """Takes one from what a request's network is allowed.

    Raises:
        Problem: 429, it was more than ``limits.<allowance>``.
    """
    host = "" if request.client is None else request.client.host
    core_of(request).limits[allowance].take(f"network {plain_network(host) or host}")
