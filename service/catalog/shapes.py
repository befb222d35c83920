"""What clients send and get: checked by type, cleaned of what no feed can carry."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from service.feeds.categories import is_category
from service.feeds.model import EpisodeType, ShowType
from service.feeds.text import clean, clean_line

MAX_TEXT = 100_000
_SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
_LANGUAGE = r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$"
_EMAIL = r"^[^@\s\x00-\x1f<>]{1,64}@[A-Za-z0-9.-]{1,190}$"


def _cleaned(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _cleaned_line(value: Any) -> Any:
    return clean_line(value) if isinstance(value, str) else value


def _is_web_address(value: str) -> str:
    """Only what every app can open: http or https, a host, ASCII."""
    try:
        parts = urlsplit(value)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        port_is_right = False
    if not port_is_right or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that begins with http:// or https://")
    if not value.isascii() or re.search(r"[\s\x00-\x20\x7f<>\"]", value):
        raise ValueError("must be ASCII, with anything else percent-encoded")
    return value


Line = Annotated[str, BeforeValidator(_cleaned_line), Field(min_length=1, max_length=255)]
Text = Annotated[str, BeforeValidator(_cleaned), Field(max_length=MAX_TEXT)]
Url = Annotated[str, Field(max_length=2048), AfterValidator(_is_web_address)]
Slug = Annotated[str, Field(pattern=_SLUG)]
Ms = Annotated[int, Field(ge=0, le=253_402_300_799_999, strict=True)]
Number = Annotated[int, Field(ge=1, le=100_000, strict=True)]


class Strict(BaseModel):
    """Unknown fields are mistakes, not extras."""

    model_config = ConfigDict(extra="forbid")


class PersonIn(Strict):
    """Somebody who is heard or worked on it."""

    name: Line
    role: Annotated[Line, Field(max_length=128)] = "host"
    group: Annotated[Line, Field(max_length=128)] = "cast"
    image_url: Url | None = None
    href: Url | None = None


class FundingIn(Strict):
    """Where listeners may give."""

    url: Url
    message: Annotated[Line, Field(max_length=128)]


class SoundbiteIn(Strict):
    """A stretch worth sharing."""

    start_ms: Ms
    duration_ms: Annotated[int, Field(ge=1000, le=600_000, strict=True)]
    title: Annotated[Line, Field(max_length=128)] | None = None


class ChapterIn(Strict):
    """Where a chapter begins."""

    start_ms: Ms
    title: Line
    url: Url | None = None
    image_url: Url | None = None


class CategoryIn(Strict):
    """A category of Apple's directory, and one within it."""

    name: str
    within: str | None = None

    @model_validator(mode="after")
    def _is_known(self) -> "CategoryIn":
        if not is_category(self.name, self.within):
            raise ValueError("must be a category of Apple's directory, such as Science and within it Physics")
        return self


class ShowDetails(Strict):
    """What a feed says of a show beside its title."""

    description: Text = ""
    language: Annotated[str, Field(pattern=_LANGUAGE)] = "en"
    categories: Annotated[list[CategoryIn], Field(min_length=1, max_length=3)]
    explicit: bool = False
    author: Line | None = None
    owner_name: Line | None = None
    owner_email: Annotated[str, Field(pattern=_EMAIL)] | None = None
    link: Url | None = None
    show_type: ShowType = ShowType.EPISODIC
    copyright: Line | None = None
    complete: bool = False
    locked: bool = False
    new_feed_url: Url | None = None
    funding: Annotated[list[FundingIn], Field(max_length=10)] = []
    persons: Annotated[list[PersonIn], Field(max_length=50)] = []
    rad_tag: bool = False
    """Whether players that know remote audio data are asked, in the files, to report here."""


class ShowIn(ShowDetails):
    """A new show; without a ``slug`` its feed's address comes from the title."""

    title: Line
    slug: Slug | None = None
    private: bool = False


class ShowChange(ShowDetails):
    """What of a show is to change; what is not named stays."""

    title: Line | None = None
    categories: Annotated[list[CategoryIn], Field(min_length=1, max_length=3)] = []


class EpisodeDetails(Strict):
    """What a feed says of an episode beside its title and audio."""

    description: Text = ""
    link: Url | None = None
    explicit: bool | None = None
    season: Number | None = None
    season_name: Annotated[Line, Field(max_length=128)] | None = None
    episode: Number | None = None
    episode_type: EpisodeType = EpisodeType.FULL
    persons: Annotated[list[PersonIn], Field(max_length=50)] = []
    soundbites: Annotated[list[SoundbiteIn], Field(max_length=50)] = []
    chapters: Annotated[list[ChapterIn], Field(max_length=500)] = []


class EpisodeIn(EpisodeDetails):
    """A new episode, as a draft."""

    title: Line


class EpisodeChange(EpisodeDetails):
    """What of an episode is to change; what is not named stays."""

    title: Line | None = None


class PublishIn(Strict):
    """When an episode is to appear; at once without a time, or with one that has passed."""

    at_ms: Ms | None = None


class MediaOut(BaseModel):
    """A version of an episode's file."""

    url: str | None
    bytes: int
    header_bytes: int
    duration_ms: int
    media_type: str
    sha256: str
    from_ms: int | None
    facts: dict[str, Any]


class ShowOut(BaseModel):
    """A show as its creator sees it."""

    id: str
    slug: str
    guid: str
    title: str
    private: bool
    feed_url: str | None
    cover_url: str | None
    created_ms: int
    details: ShowDetails


class EpisodeOut(BaseModel):
    """An episode as its creator sees it."""

    id: str
    show_id: str
    guid: str
    title: str
    status: str
    publish_at_ms: int | None
    published_ms: int | None
    withdrawn_ms: int | None
    created_ms: int
    media: MediaOut | None
    transcripts: list[dict[str, str]]
    details: EpisodeDetails
