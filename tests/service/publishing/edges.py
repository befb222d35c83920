"""A service with nginx before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.needs import needs
from tests.service.running import Place, Service, free_port


@dataclass(slots=True)
class Edge:
    """Where people reach nginx, and the service behind it."""

    url: str
    service: Service
    data: Path
    place: Place

    def client(self, **more: Any) -> httpx.Client:
        """A client of nginx."""
        return httpx.Client(base_url=self.url, timeout=60, **more)

    def statuses(self, url: str, agent: str) -> list[int]:
        """What nginx answered, by the log it lands, to an app that names itself so."""
        path = url.removeprefix(f"{self.url}/")
        mine = [row for row in self.place.landed("edge") if row["path"] == path and agent in (row["user_agent"] or "")]
        return [row["status"] for row in sorted(mine, key=lambda row: int(row["at_ms"]))]

    def landed(self, name: str) -> bytes:
        """A file of the landing folder."""
        content = self.place.landing.read(name)
        assert content is not None, f"{name} has not landed"
        return content


@contextmanager
def start_edge(data: Path, place: Place, **settings: object) -> Iterator[Edge]:
    """Runs one until the block ends."""
    needs("nginx", "ffmpeg")
    port = free_port()
    given: dict[str, object] = {
        "edge_listen": f"127.0.0.1:{port}",
        "server_public_url": f"http://127.0.0.1:{port}",
        "edge_ship_s": 0.2,
        "feeds_tick_s": 0.1,
        "outside_private_networks": "true",
        "limits_account": "100000/60",
        **settings,
    }
    if place.name == "bucket":
        given["media_place"] = f"{place.environment['PODLEDGER_SERVICE_LANDING_PLACE']}/media"
    named = {f"PODLEDGER_SERVICE_{name.upper()}": str(value) for name, value in given.items()}
    service = Service(data, place, named).start()
    try:
        yield Edge(f"http://127.0.0.1:{port}", service, data, place)
    finally:
        service.stop()
