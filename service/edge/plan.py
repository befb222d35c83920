"""What the edge needs to know to serve feeds and media and to stand before the service."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Bucket:
    """Media on S3: nginx asks the service for a signed address and fetches from there."""

    scheme: str
    host: str


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """Folders, addresses and limits. ``listen`` and ``service`` are ``host:port``; the secret signs short paths."""

    listen: str
    service: str
    runtime: Path
    feeds: Path
    media: Path
    logs: Path
    link_secret: str
    bucket: Bucket | None = None
    feed_max_age_s: int = 300
    body_bytes: int = 16 << 20
    header_timeout_s: int = 15
    body_timeout_s: int = 30
    send_timeout_s: int = 30
    connections_per_client: int = 512
    trusted_proxies: tuple[str, ...] = ()
    workers: int = 2
    start: str = field(default_factory=lambda: secrets.token_hex(8))
    """What the ids of requests begin with: another one at each start."""

    @property
    def access_log(self) -> Path:
        """Where nginx writes one JSON object a request."""
        return self.logs / "access.log"
