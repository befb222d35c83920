"""Making, changing and finding shows."""

import re
import secrets
import unicodedata
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.catalog.changes import want_feed
from service.catalog.ids import new_id
from service.catalog.models import Show
from service.catalog.shapes import ShowChange, ShowDetails, ShowIn, ShowOut
from service.errors import Problem
from service.feeds.identity import podcast_guid
from service.media.addresses import Addresses

DETAILS = frozenset(ShowDetails.model_fields)
RESERVED_SLUGS = frozenset({"private"})


def add_show(session: Session, addresses: Addresses, account_id: str, given: ShowIn, now_ms: int) -> Show:
    """A new show of an account; its feed's address and guid are made now, once.

    Raises:
        Problem: 409, the slug that was asked for is taken.
    """
    show_id = new_id("sh", now_ms)
    slug = given.slug if given.slug is not None else _free_slug(session, given.title, show_id)
    if given.slug is not None and _is_taken(session, slug):
        raise Problem(409, "slug_taken", "another show has that slug; choose another")
    show = Show(
        id=show_id,
        account_id=account_id,
        slug=slug,
        guid=podcast_guid(addresses.feed_url(slug)),
        title=given.title,
        private=given.private,
        details=_details(given.model_dump(mode="json")),
        created_ms=now_ms,
        feed_wanted=1,
        feed_done=0,
    )
    session.add(show)
    session.flush()
    return show


def change_show(session: Session, show: Show, change: ShowChange) -> None:
    """Takes over what the change names."""
    given = change.model_dump(mode="json", exclude_unset=True)
    if given.get("title"):
        show.title = given["title"]
    show.details = {**show.details, **_details(given)}
    want_feed(session, show.id)


def own_show(session: Session, account_id: str, show_id: str) -> Show:
    """A show of one's own.

    Raises:
        Problem: 404, also for somebody else's: nobody is told what others have.
    """
    show = session.get(Show, show_id)
    if show is None or show.account_id != account_id:
        raise Problem(404, "no_show", "you have no such show")
    return show


def list_shows(session: Session, account_id: str, after: str | None, limit: int) -> list[Show]:
    """One's own shows in the order in which they were made, one more than ``limit`` where there are more."""
    wanted = select(Show).where(Show.account_id == account_id, Show.id > (after or ""))
    return list(session.scalars(wanted.order_by(Show.id).limit(limit + 1)))


def show_out(show: Show, addresses: Addresses) -> ShowOut:
    """A show as its creator sees it."""
    return ShowOut(
        id=show.id,
        slug=show.slug,
        guid=show.guid,
        title=show.title,
        private=show.private,
        feed_url=None if show.private else addresses.feed_url(show.slug),
        cover_url=None if show.cover is None else addresses.media_url(show.cover),
        created_ms=show.created_ms,
        details=ShowDetails.model_validate(show.details),
    )


def _details(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in DETAILS}


def _free_slug(session: Session, title: str, show_id: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or show_id
    return slug if not _is_taken(session, slug) else f"{slug}-{secrets.token_hex(3)}"


def _is_taken(session: Session, slug: str) -> bool:
    return slug in RESERVED_SLUGS or session.scalar(select(Show.id).where(Show.slug == slug)) is not None
