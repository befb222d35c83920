"""Where things are found from outside."""

from dataclasses import dataclass
from urllib.parse import quote

SUBSCRIBER = "subscriber-token-5f6c1d0e"
"""Stands for a subscriber's token in the kept feed of a private show."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """All addresses begin with ``public_url``, which has no trailing slash."""

    public_url: str

    @property
    def feeds_url(self) -> str:
        """The folder of public feeds."""
        return f"{self.public_url}/feeds"

    def feed_url(self, slug: str) -> str:
        """A public show's feed."""
        return f"{self.feeds_url}/{slug}.xml"

    def private_feed_url(self, token: str) -> str:
        """A subscriber's own feed of a private show."""
        return f"{self.feeds_url}/private/{token}.xml"

    def media_url(self, path: str, private: bool = False) -> str:
        """A file; one of a private show at the place where `SUBSCRIBER` is to be replaced by a token."""
        if private:
            return f"{self.public_url}/m/private/{SUBSCRIBER}/{quote(path.removeprefix('m/'))}"
        return f"{self.public_url}/{quote(path)}"


def object_name(path: str, private: bool) -> str:
    """A file's name in the media store."""
    return f"{'private' if private else 'public'}/{path}"
