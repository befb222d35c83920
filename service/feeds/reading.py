"""A foreign feed, read for what can be brought over: its show, its episodes, and where the next page is."""

import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree
from pydantic import TypeAdapter, ValidationError

from service.catalog.shapes import Url
from service.feeds.categories import is_category
from service.feeds.parsing import NotReadable, parse_xml
from service.feeds.text import as_plain, clean, clean_line

_ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
_PODCAST = (
    "{https://podcastindex.org/namespace/1.0}",
    "{https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md}",
)
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
_ATOM = "{http://www.w3.org/2005/Atom}"
_URL = TypeAdapter(Url)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(slots=True)
class ForeignEpisode:
    """An item of the feed; ``details`` are those of `EpisodeDetails`."""

    guid: str
    guid_is_link: bool
    title: str
    published_ms: int | None
    audio_url: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ForeignShow:
    """A page of the feed; ``details`` are those of `ShowDetails`."""

    title: str
    guid: str | None
    locked: bool
    owner_email: str | None
    cover_url: str | None
    next_url: str | None
    details: dict[str, Any]
    episodes: list[ForeignEpisode]


def read_feed(document: bytes) -> ForeignShow:
    """What can be brought of a feed; items without audio are left out.

    Raises:
        NotReadable: it is no RSS feed of a podcast.
    """
    channel = parse_xml(document).find("channel")
    if channel is None:
        raise NotReadable("this is no RSS feed")
    email = _text(channel, f"{_ITUNES}owner/{_ITUNES}email")
    locked = _podcast(channel, "locked")
    guid = _podcast_text(channel, "guid")
    return ForeignShow(
        title=clean_line(_text(channel, "title") or "")[:255] or "Untitled",
        guid=guid.lower() if guid and _GUID.fullmatch(guid) else None,
        locked=locked is not None and (locked.text or "").strip().lower() == "yes",
        owner_email=email,
        cover_url=_cover(channel),
        next_url=_next(channel),
        details=_show_details(channel, email),
        episodes=[one for one in map(_episode, channel.iterfind("item")) if one is not None],
    )


def _show_details(channel: etree._Element, email: str | None) -> dict[str, Any]:
    author = clean_line(_text(channel, f"{_ITUNES}author") or "")[:255]
    details: dict[str, Any] = {
        "description": as_plain(_text(channel, "description") or "")[:100_000],
        "language": _language(_text(channel, "language") or ""),
        "categories": _categories(channel),
        "explicit": _is_explicit(channel) or False,
        "show_type": "serial" if (_text(channel, f"{_ITUNES}type") or "").lower() == "serial" else "episodic",
        "link": _web_address(_text(channel, "link")),
    }
    if author:
        details["author"] = author
    if email and re.fullmatch(r"[^@\s<>]{1,64}@[A-Za-z0-9.-]{1,190}", email):
        details["owner_email"] = email
        details["owner_name"] = clean_line(_text(channel, f"{_ITUNES}owner/{_ITUNES}name") or "")[:255] or None
    return details


def _language(said: str) -> str:
    main, dash, rest = said.replace("_", "-").partition("-")
    language = main.lower() + dash + rest
    return language if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", language) else "en"


def _categories(channel: etree._Element) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = []
    for outer in channel.iterfind(f"{_ITUNES}category"):
        name, inner = outer.get("text", ""), outer.find(f"{_ITUNES}category")
        within = None if inner is None else inner.get("text")
        if is_category(name, within):
            found.append({"name": name, "within": within})
        elif is_category(name, None):
            found.append({"name": name, "within": None})
    return found[:3] or [{"name": "Society & Culture", "within": None}]


def _episode(item: etree._Element) -> ForeignEpisode | None:
    enclosure = item.find("enclosure")
    audio_url = _web_address(None if enclosure is None else enclosure.get("url"))
    if audio_url is None:
        return None
    written = item.find("guid")
    guid = clean_line((written.text or "") if written is not None else "")[:512]
    is_link = written is not None and written.get("isPermaLink", "true").lower() == "true"
    return ForeignEpisode(
        guid=guid or audio_url,
        guid_is_link=bool(guid) and is_link and guid.startswith(("http://", "https://")),
        title=clean_line(_text(item, "title") or _text(item, f"{_ITUNES}title") or "")[:255] or "Untitled",
        published_ms=_instant_ms(_text(item, "pubDate")),
        audio_url=audio_url,
        details=_episode_details(item),
    )


def _episode_details(item: etree._Element) -> dict[str, Any]:
    kind = (_text(item, f"{_ITUNES}episodeType") or "full").lower()
    text = _text(item, f"{_CONTENT}encoded") or _text(item, "description") or _text(item, f"{_ITUNES}summary") or ""
    return {
        "description": clean(text)[:100_000],
        "link": _web_address(_text(item, "link")),
        "explicit": _is_explicit(item),
        "season": _number(_podcast_text(item, "season") or _text(item, f"{_ITUNES}season")),
        "episode": _number(_podcast_text(item, "episode") or _text(item, f"{_ITUNES}episode")),
        "episode_type": kind if kind in ("full", "trailer", "bonus") else "full",
        "persons": _persons(item),
    }


def _persons(item: etree._Element) -> list[dict[str, str]]:
    found = []
    for namespace in _PODCAST:
        for person in item.iterfind(f"{namespace}person"):
            name = clean_line(person.text or "")[:255]
            if name:
                role, group = (clean_line(person.get(key, ""))[:128] for key in ("role", "group"))
                found.append({"name": name, "role": role or "host", "group": group or "cast"})
    return found[:50]


def _cover(channel: etree._Element) -> str | None:
    image = channel.find(f"{_ITUNES}image")
    return _web_address(image.get("href") if image is not None else _text(channel, "image/url"))


def _next(channel: etree._Element) -> str | None:
    for link in channel.iterfind(f"{_ATOM}link"):
        if link.get("rel") == "next":
            return _web_address(link.get("href"))
    return None


def _is_explicit(element: etree._Element) -> bool | None:
    said = (_text(element, f"{_ITUNES}explicit") or "").lower()
    return None if not said else said in ("true", "yes", "explicit")


def _podcast(element: etree._Element, name: str) -> etree._Element | None:
    return next((found for one in _PODCAST if (found := element.find(one + name)) is not None), None)


def _podcast_text(element: etree._Element, name: str) -> str | None:
    found = _podcast(element, name)
    return None if found is None else (found.text or "").strip() or None


def _text(element: etree._Element, path: str) -> str | None:
    return (element.findtext(path) or "").strip() or None


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[1-9]\d{0,4}", text) else None


def _instant_ms(text: str | None) -> int | None:
    try:
        at = parsedate_to_datetime(text or "")
        return max(0, round(at.timestamp() * 1000))
    except (ValueError, TypeError, OverflowError):
        return None


def _web_address(text: str | None) -> str | None:
    try:
        return _URL.validate_python((text or "").strip())
    except ValidationError:
        return None
