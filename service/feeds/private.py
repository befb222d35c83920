"""Private shows: a feed for each subscriber, made from the kept one by putting their token in."""

import gzip
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.catalog.models import Show
from service.feeds.models import Subscriber
from service.media.addresses import SUBSCRIBER

_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer to a request for a private feed."""

    status: int
    headers: dict[str, str]
    body: bytes


def new_token() -> tuple[str, str]:
    """A token, which is shown once, and the digest that is kept."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    return token, digest(token)


def digest(token: str) -> str:
    """What is kept of a token: it is long and random, so that a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def find_subscriber(session: Session, token: str) -> tuple[Subscriber, Show] | None:
    """Whose token it is and of which show; None for one that is unknown or revoked."""
    wanted = (
        select(Subscriber, Show)
        .join(Show, Show.id == Subscriber.show_id)
        .where(Subscriber.digest == digest(token), Subscriber.revoked_ms.is_(None))
    )
    found = session.execute(wanted).one_or_none()
    return None if found is None else (found[0], found[1])


def render_private(file: Path, token: str, headers: Mapping[str, str]) -> Rendered | None:
    """The feed with the token in it, or 304 where the client has it; None before the show was published.

    The tag follows from the kept feed and the token, so it changes exactly when the answer's bytes do.
    """
    try:
        kept = file.read_bytes()
        modified_s = int(file.stat().st_mtime)
    except FileNotFoundError:
        return None
    content = kept.replace(SUBSCRIBER.encode(), token.encode())
    packed = "gzip" in headers.get("accept-encoding", "")
    tag = f'"{hashlib.sha256(content).hexdigest()[:24]}{"-gz" if packed else ""}"'
    answered = {
        "ETag": tag,
        "Last-Modified": formatdate(modified_s, usegmt=True),
        "Cache-Control": "private, max-age=300",
        "Vary": "Accept-Encoding",
        "X-Robots-Tag": "noindex",
    }
    if _has_it(headers, tag, modified_s):
        return Rendered(304, answered, b"")
    answered["Content-Type"] = "application/rss+xml; charset=utf-8"
    if packed:
        answered["Content-Encoding"] = "gzip"
        content = gzip.compress(content, 5, mtime=0)
    return Rendered(200, answered, content)


def _has_it(headers: Mapping[str, str], tag: str, modified_s: int) -> bool:
    """Tags go before dates, as RFC 9110 wants."""
    asked = headers.get("if-none-match")
    if asked is not None:
        tags = {one.strip().removeprefix("W/") for one in asked.split(",")}
        return "*" in tags or tag in tags
    since = headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return int(parsedate_to_datetime(since).timestamp()) >= modified_s
    except (ValueError, TypeError, OverflowError):
        return False
