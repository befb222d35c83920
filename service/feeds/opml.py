"""OPML: lists of shows, as apps export and import them."""

from dataclasses import dataclass

from lxml import etree

from service.feeds.elements import element, lines
from service.feeds.parsing import NotReadable, parse_xml


@dataclass(frozen=True, slots=True)
class Subscription:
    """A show in a list."""

    title: str
    feed_url: str
    link: str | None = None


def write_opml(title: str, shows: list[Subscription]) -> bytes:
    """An OPML 2.0 document, the same bytes for the same list."""
    outlines = (
        element("outline", type="rss", text=show.title, title=show.title, xmlUrl=show.feed_url, htmlUrl=show.link)
        for show in shows
    )
    head = f"  <head>\n    {element('title', title)}\n  </head>\n"
    body = f"  <body>\n{lines(4, outlines)}  </body>\n"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n{head}{body}</opml>\n'.encode()


def read_opml(document: bytes) -> list[Subscription]:
    """Every feed it names, in its order, each once, at whatever depth.

    Raises:
        NotReadable: it is no OPML.
    """
    root = parse_xml(document)
    if etree.QName(root).localname.lower() != "opml":
        raise NotReadable("this is not an OPML file")
    found: dict[str, Subscription] = {}
    for outline in root.iter("outline"):
        url = next((value for key, value in outline.attrib.items() if str(key).lower() == "xmlurl"), "")
        url = str(url).strip()
        if url.startswith(("http://", "https://")) and url not in found:
            title = str(outline.get("title") or outline.get("text") or url)
            found[url] = Subscription(title, url, outline.get("htmlUrl"))
    return list(found.values())
