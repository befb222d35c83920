"""What clients send and get: checked by type, cleaned of what no feed can carry."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from service.catalog.ipv6 import IPV6_ADDRESS
from service.feeds.categories import CATEGORIES, is_category
from service.feeds.model import EpisodeType, ShowType
from service.feeds.text import clean, clean_line

MAX_TEXT = 100_000
_MAX_LINE, _MAX_SHORT_LINE = 255, 128
_SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
_LANGUAGE = r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$"
_PORT = "6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}"
_HOST = "[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
_WEB_ADDRESS = (
    r"^https?://(?:[A-Za-z0-9._~%!$&'()*+,;=:-]{1,256}@)?"
    rf"(?:{_HOST}|\[{IPV6_ADDRESS}\])(?::(?:{_PORT}))?(?:[/?#][!#-;=?-~]*)?$"
)
_EMAIL = r"^[^@\s\x00-\x1f<>]{1,64}@[A-Za-z0-9.-]{1,190}$"


def _cleaned(value: Any) -> Any:
    return clean(value) if isinstance(value, str) and len(value) <= MAX_TEXT else value


def _cleaned_line(value: Any) -> Any:
    return clean_line(value) if isinstance(value, str) and len(value) <= _MAX_LINE else value


def _cleaned_short_line(value: Any) -> Any:
    return clean_line(value) if isinstance(value, str) and len(value) <= _MAX_SHORT_LINE else value


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 60000.0 is whole too, but neither true nor "60000" is a number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_web_address(value: str) -> str:
    """Only what every app can open: http or https, a host by its name or address, ASCII."""
    if re.fullmatch(_WEB_ADDRESS[1:-1], value) is None:
        raise ValueError("must be an address that begins with http:// or https://, anything but ASCII percent-encoded")
    return value


_SOMETHING = {"pattern": r"[^\s\x00-\x1f\x7f-\x9f]"}
"""What is left of a line when it is cleaned, as the OpenAPI document says it."""

Line = Annotated[
    str, Field(min_length=1, max_length=_MAX_LINE, json_schema_extra=_SOMETHING), BeforeValidator(_cleaned_line)
]
ShortLine = Annotated[
    str,
    Field(min_length=1, max_length=_MAX_SHORT_LINE, json_schema_extra=_SOMETHING),
    BeforeValidator(_cleaned_short_line),
]
Text = Annotated[str, Field(max_length=MAX_TEXT), BeforeValidator(_cleaned)]
Url = Annotated[
    str, Field(max_length=2048, json_schema_extra={"pattern": _WEB_ADDRESS}), AfterValidator(_is_web_address)
]
Slug = Annotated[str, Field(pattern=_SLUG)]
Flag = Annotated[bool, Field(strict=True)]
Ms = Annotated[int, Field(strict=True, ge=0, le=253_402_300_799_999), BeforeValidator(_whole)]
Number = Annotated[int, Field(strict=True, ge=1, le=100_000), BeforeValidator(_whole)]
BiteMs = Annotated[int, Field(strict=True, ge=1000, le=600_000), BeforeValidator(_whole)]


def _category_schema(name: str) -> dict[str, Any]:
    return {"properties": {"name": {"enum": [name]}, "within": {"enum": [None, *CATEGORIES[name]]}}}


class Strict(BaseModel):
    """Unknown fields are mistakes, not extras."""

    model_config = ConfigDict(extra="forbid")


class PersonIn(Strict):
    """Somebody who is heard or worked on it."""

    name: Line
    role: ShortLine = "host"
    group: ShortLine = "cast"
    image_url: Url | None = None
    href: Url | None = None


class FundingIn(Strict):
    """Where listeners may give."""

    url: Url
    message: ShortLine


class SoundbiteIn(Strict):
    """A stretch worth sharing."""

    start_ms: Ms
    duration_ms: BiteMs
    title: ShortLine | None = None


class ChapterIn(Strict):
    """Where a chapter begins."""

    start_ms: Ms
    title: Line
    url: Url | None = None
    image_url: Url | None = None


class CategoryIn(Strict):
    """A category of Apple's directory, and one within it."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [*map(_category_schema, CATEGORIES)]})

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
    explicit: Flag = False
    author: Line | None = None
    owner_name: Line | None = None
    owner_email: Annotated[str, Field(pattern=_EMAIL)] | None = None
    link: Url | None = None
    show_type: ShowType = ShowType.EPISODIC
    copyright: Line | None = None
    complete: Flag = False
    locked: Flag = False
    new_feed_url: Url | None = None
    funding: Annotated[list[FundingIn], Field(max_length=10)] = []
    persons: Annotated[list[PersonIn], Field(max_length=50)] = []
    rad_tag: Flag = False
    """Whether players that know remote audio data are asked, in the files, to report here."""


class ShowIn(ShowDetails):
    """A new show; without a ``slug`` its feed's address comes from the title."""

    title: Line
    slug: Slug | None = None
    private: Flag = False


class ShowChange(ShowDetails):
    """What of a show is to change; what is not named stays."""

    title: Line | None = None
    categories: Annotated[list[CategoryIn], Field(min_length=1, max_length=3)] = []


class EpisodeDetails(Strict):
    """What a feed says of an episode beside its title and audio."""

    description: Text = ""
    link: Url | None = None
    explicit: Flag | None = None
    season: Number | None = None
    season_name: ShortLine | None = None
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
