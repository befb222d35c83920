"""A long show as several files (RFC 5005): the newest in the feed itself, the older in pages that hardly change.

Pages are counted from the oldest episode, so a new one moves none of them: it stands in the feed alone, until that
holds two pages' worth and gives the older half away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """One file of a feed: ``name`` is its place in the feeds' folder, ``links`` RFC 5005's relations and addresses.

    Its items are ``[first:last]`` of the show's, newest first; ``newest_ms`` is None without any.
    """

    name: str
    url: str
    links: tuple[tuple[str, str], ...]
    first: int
    last: int
    newest_ms: int | None


def split_into_pages(feeds_url: str, slug: str, published_ms: Sequence[int], limit: int) -> Iterator[Page]:
    """The files of a show whose episodes were published then, newest first; the feed itself comes first.

    The feed itself holds fewer than twice ``limit`` items, every other page exactly ``limit``.
    """
    count = len(published_ms)
    older = max(0, count // limit - 1)
    names = [f"{slug}.xml", *(f"{slug}/{number}.xml" for number in range(older, 0, -1))]
    urls = [f"{feeds_url}/{name}" for name in names]
    first = 0
    for index, (name, url) in enumerate(zip(names, urls, strict=True)):
        last = count - (older - index) * limit
        newest = published_ms[first] if first < last else None
        yield Page(name, url, _links(urls, index), first, last, newest)
        first = last


def _links(urls: Sequence[str], index: int) -> tuple[tuple[str, str], ...]:
    if len(urls) == 1:
        return ()
    links = [("first", urls[0])]
    if index > 0:
        links.append(("previous", urls[index - 1]))
    if index + 1 < len(urls):
        links.append(("next", urls[index + 1]))
    return (*links, ("last", urls[-1]))
