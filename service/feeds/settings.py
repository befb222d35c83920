"""Settings of feeds, media, uploads and the edge: sections of conf/service.toml."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """How feeds are cut into pages, and who hears of changes (``hubs``: addresses, comma-separated)."""

    page_items: int
    max_age_s: int
    hubs: str
    podping_url: str
    tick_s: float
    notice_tries: int


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Where media lie: empty is the data folder, or s3://bucket/prefix; signed paths last ``link_s``."""

    place: str
    link_s: int


@dataclass(frozen=True, slots=True)
class UploadSettings:
    """What may be uploaded, and how long an unfinished one is kept."""

    audio_bytes: int
    expire_s: int
    open_per_account: int


@dataclass(frozen=True, slots=True)
class OutsideSettings:
    """How other people's servers are asked; private networks only where imports from there are meant."""

    private_networks: bool
    timeout_s: float


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """nginx before the service: where it listens, and how long logs rest before they are shipped."""

    listen: str
    workers: int
    connections_per_client: int
    ship_s: float
    trusted_proxies: str
    late_days: int
    networks: str
