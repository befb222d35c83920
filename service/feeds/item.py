"""One episode as a piece of feed. It depends on nothing but the episode, so it is made when that changes and kept."""

from collections.abc import Iterator

from service.feeds.elements import element, lines, person, rss_date, seconds
from service.feeds.model import Item
from service.feeds.text import as_html, clean_line

# Raised when the same episode would be written otherwise: kept fragments of another version are made anew.
ITEM_VERSION = 1


def render_item(item: Item) -> bytes:
    """The ``<item>`` of an episode, in UTF-8, ending with a line feed."""
    body = lines(6, _parts(item))
    return f"    <item>\n{body}    </item>\n".encode()


def _parts(item: Item) -> Iterator[str | None]:
    yield element("title", clean_line(item.title))
    yield element("guid", item.guid, is_permalink=str(item.guid_is_link).lower())
    yield element("pubDate", rss_date(item.published_ms))
    audio = item.enclosure
    yield element("enclosure", url=audio.url, length=str(audio.size_bytes), type_=audio.media_type)
    yield element("link", item.link) if item.link else None
    yield element("description", as_html(item.description)) if item.description.strip() else None
    yield from _apple_parts(item)
    yield from _podcast_parts(item)


def _apple_parts(item: Item) -> Iterator[str | None]:
    yield element("itunes:duration", str(max(1, round(item.duration_ms / 1000))))
    yield element("itunes:explicit", str(item.explicit).lower()) if item.explicit is not None else None
    yield element("itunes:image", href=item.image_url) if item.image_url else None
    yield element("itunes:season", str(item.season)) if item.season else None
    yield element("itunes:episode", str(item.episode)) if item.episode else None
    yield element("itunes:episodeType", item.episode_type.value)


def _podcast_parts(item: Item) -> Iterator[str | None]:
    for transcript in item.transcripts:
        yield element(
            "podcast:transcript", url=transcript.url, type_=transcript.media_type, language=transcript.language
        )
    if item.chapters_url:
        yield element("podcast:chapters", url=item.chapters_url, type_="application/json+chapters")
    for bite in item.soundbites:
        title = clean_line(bite.title) if bite.title else ""
        start, length = seconds(bite.start_ms), seconds(bite.duration_ms)
        yield element("podcast:soundbite", title, startTime=start, duration=length)
    for one in item.persons:
        yield person(one)
    if item.season:
        yield element("podcast:season", str(item.season), name=item.season_name)
    yield element("podcast:episode", str(item.episode)) if item.episode else None
