"""What stands in a feed before its first item."""

from collections.abc import Iterable, Iterator

from service.feeds.elements import element, lines, person, rss_date
from service.feeds.model import Channel
from service.feeds.paging import Page
from service.feeds.text import as_plain, clean_line

_OPEN = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"\
 xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0">
  <channel>
"""
_CLOSE = b"  </channel>\n</rss>\n"


def render_head(channel: Channel, page: Page) -> bytes:
    """What stands in a file before its first item."""
    return (_OPEN + lines(4, _parts(channel, page))).encode()


def join_page(head: bytes, fragments: Iterable[bytes]) -> bytes:
    """One whole file of a feed: the same head and items are the same bytes, whenever they are written."""
    return b"".join([head, *fragments, _CLOSE])


def _parts(channel: Channel, page: Page) -> Iterator[str | None]:
    yield element("title", clean_line(channel.title))
    yield element("link", channel.link)
    yield element("description", as_plain(channel.description) or clean_line(channel.title))
    yield element("language", channel.language)
    yield element("copyright", clean_line(channel.copyright)) if channel.copyright else None
    yield element("pubDate", rss_date(page.newest_ms)) if page.newest_ms is not None else None
    yield element("generator", "Podledger")
    yield from _links(channel, page)
    yield from _apple_parts(channel)
    yield from _podcast_parts(channel)


def _links(channel: Channel, page: Page) -> Iterator[str]:
    yield element("atom:link", rel="self", type_="application/rss+xml", href=page.url)
    for hub in channel.hub_urls:
        yield element("atom:link", rel="hub", href=hub)
    for relation, url in page.links:
        yield element("atom:link", rel=relation, type_="application/rss+xml", href=url)


def _apple_parts(channel: Channel) -> Iterator[str | None]:
    yield element("itunes:author", clean_line(channel.author)) if channel.author else None
    yield element("itunes:explicit", str(channel.explicit).lower())
    yield element("itunes:image", href=channel.image_url)
    for category, within in channel.categories:
        yield _category(category, within)
    yield element("itunes:type", channel.show_type.value)
    if channel.owner_email:
        name = element("itunes:name", clean_line(channel.owner_name)) if channel.owner_name else ""
        yield f"<itunes:owner>{name}{element('itunes:email', channel.owner_email)}</itunes:owner>"
    yield element("itunes:complete", "Yes") if channel.complete else None
    yield element("itunes:block", "Yes") if channel.private else None
    yield element("itunes:new-feed-url", channel.new_feed_url) if channel.new_feed_url else None


def _category(category: str, within: str | None) -> str:
    outer = element("itunes:category", text=category)
    if within is None:
        return outer
    return outer.removesuffix("/>") + ">" + element("itunes:category", text=within) + "</itunes:category>"


def _podcast_parts(channel: Channel) -> Iterator[str | None]:
    yield element("podcast:guid", channel.guid)
    yield element("podcast:medium", channel.medium)
    yield element("podcast:locked", "yes" if channel.locked else "no", owner=channel.owner_email)
    yield element("podcast:block", "yes") if channel.private else None
    yield element("podcast:podping", usesPodping="true") if channel.podping else None
    for funding in channel.funding:
        yield element("podcast:funding", clean_line(funding.message), url=funding.url)
    for one in channel.persons:
        yield person(one)
