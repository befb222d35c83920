"""One request as the edge saw it, before its address becomes a hash."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(?:\d{1,18}|\*)")
_SECRETS = (re.compile(r"^/(feeds|m)/private/.*", re.DOTALL), re.compile(r"^/s/[^/]+/\d+/", re.DOTALL))


class NotALogLine(ValueError):
    """The line is not in the form of its log."""


@dataclass(frozen=True, slots=True)
class EdgeRequest:
    """A line of an access log. ``body_bytes`` are bytes of body only; ranges are what was promised, both inclusive."""

    request_id: str
    at_ms: int
    method: str
    path: str
    status: int
    body_bytes: int
    range_from: int | None
    range_to: int | None
    address: str
    user_agent: str | None
    referrer: str | None
    edge: str
    country: str | None = None


def plain_path(written: str) -> str:
    """The path as the catalogue writes it in ``media_path``: decoded, without query, leading slash, token or signature.

    >>> plain_path("/m/%73how/e.mp3?from=app")
    'm/show/e.mp3'
    >>> plain_path("/s/K7ohS7SMjCVdIpR5VrvRLg/1795396606/show/e.mp3")
    'm/show/e.mp3'
    >>> plain_path("/m/private/a-secret/show/e.mp3")
    'm/private/-'
    """
    path = unquote(written.partition("?")[0], errors="replace")
    path = _SECRETS[0].sub(r"/\1/private/-", path)
    return _SECRETS[1].sub("/m/", path).lstrip("/")


def promised_range(content_range: str | None) -> tuple[int | None, int | None]:
    """From where to where a ``Content-Range`` says, or nothing for a whole answer or several ranges."""
    found = _CONTENT_RANGE.fullmatch(content_range or "")
    return (int(found[1]), int(found[2])) if found else (None, None)


def given(value: object) -> str | None:
    """A field that was there: logs write nothing, or a dash, for what was not."""
    return value if isinstance(value, str) and value not in ("", "-") else None
