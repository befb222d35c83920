"""Names that are made once and never change."""

from uuid import UUID, uuid5

PODCAST_NAMESPACE = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")


def podcast_guid(feed_url: str) -> str:
    """The show's guid in the podcast namespace: UUIDv5 of its feed address without scheme and trailing slashes.

    Made when the show is made and stored: a show that moves keeps it.

    >>> podcast_guid("https://mp3s.nashownotes.com/pc20rss.xml")
    '917393e3-1b1e-5cef-ace4-edaa54e1f810'
    """
    without_scheme = feed_url.partition("://")[2] or feed_url
    return str(uuid5(PODCAST_NAMESPACE, without_scheme.rstrip("/")))
