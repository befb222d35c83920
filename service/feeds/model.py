"""What a feed says, as plain values. Times are Unix ms, lengths ms or bytes as their names say."""

from dataclasses import dataclass
from enum import StrEnum


class ShowType(StrEnum):
    """How apps order a show: newest first, or from its beginning."""

    EPISODIC = "episodic"
    SERIAL = "serial"


class EpisodeType(StrEnum):
    """What an episode is to its show."""

    FULL = "full"
    TRAILER = "trailer"
    BONUS = "bonus"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is heard or who worked on it; role and group from the podcast taxonomy, in small letters."""

    name: str
    role: str = "host"
    group: str = "cast"
    image_url: str | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Soundbite:
    """A stretch worth sharing."""

    start_ms: int
    duration_ms: int
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said, as a file beside the audio."""

    url: str
    media_type: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The audio: its address is ASCII, unlike any other's in the show, and ends in the file's extension."""

    url: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Item:
    """One published episode. ``guid`` never changes; ``explicit`` None leaves it to the show."""

    guid: str
    title: str
    published_ms: int
    enclosure: Enclosure
    duration_ms: int
    guid_is_link: bool = False
    description: str = ""
    link: str | None = None
    explicit: bool | None = None
    image_url: str | None = None
    season: int | None = None
    season_name: str | None = None
    episode: int | None = None
    episode_type: EpisodeType = EpisodeType.FULL
    chapters_url: str | None = None
    transcripts: tuple[Transcript, ...] = ()
    persons: tuple[Person, ...] = ()
    soundbites: tuple[Soundbite, ...] = ()


@dataclass(frozen=True, slots=True)
class Funding:
    """Where listeners may give."""

    url: str
    message: str


@dataclass(frozen=True, slots=True)
class Channel:
    """The show. ``guid`` was made from its first feed address and is kept when it moves."""

    feed_url: str
    guid: str
    title: str
    description: str
    image_url: str
    language: str
    categories: tuple[tuple[str, str | None], ...]
    link: str
    explicit: bool = False
    author: str | None = None
    owner_name: str | None = None
    owner_email: str | None = None
    show_type: ShowType = ShowType.EPISODIC
    copyright: str | None = None
    complete: bool = False
    private: bool = False
    locked: bool = False
    medium: str = "podcast"
    new_feed_url: str | None = None
    funding: tuple[Funding, ...] = ()
    persons: tuple[Person, ...] = ()
    hub_urls: tuple[str, ...] = ()
    podping: bool = False
