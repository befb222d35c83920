"""All that is kept of one's shows, to take along: as data with the rest of an account, or a show with its files."""

import json
import tarfile
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.accounts.models import Account
from service.catalog.models import Episode, Media, Show
from service.feeds.models import Import, Subscriber
from service.media.addresses import object_name
from service.media.store import MediaStore
from service.uploads.models import Upload


def export(session: Session, account: Account) -> dict[str, Any]:
    """Shows with their episodes, versions of media and subscribers; imports and uploads."""
    account_id = account.id
    shows = session.scalars(select(Show).where(Show.account_id == account_id).order_by(Show.id)).all()
    return {
        "shows": [export_show(session, show) for show in shows],
        "imports": [_row(one) for one in session.scalars(select(Import).where(Import.account_id == account_id))],
        "uploads": [_row(one) for one in session.scalars(select(Upload).where(Upload.account_id == account_id))],
    }


def archive(store: MediaStore, show: dict[str, Any]) -> Iterator[bytes]:
    """A show as `export` gives it, and its files, as a tar that is made while it is sent."""
    yield from _member("show.json", [json.dumps(show, ensure_ascii=False, indent=1).encode()])
    if show["cover"] is not None:
        yield from _member(show["cover"], list(store.read(object_name(show["cover"], private=False))))
    for episode in show["episodes"]:
        for path in _papers_of(episode):
            yield from _member(path, list(store.read(object_name(path, show["private"]))))
        for version in episode["media"]:
            pieces = store.read(object_name(version["path"], show["private"]))
            yield from _sized_member(version["path"], version["bytes"], pieces)
    yield b"\0" * 1024


def _papers_of(episode: dict[str, Any]) -> Iterator[str]:
    """Chapters and transcripts."""
    files = episode["files"]
    if "chapters" in files:
        yield files["chapters"]
    yield from (one["path"] for one in files.get("transcripts", []))


def _member(name: str, pieces: list[bytes]) -> Iterator[bytes]:
    return _sized_member(name, sum(map(len, pieces)), iter(pieces))


def _sized_member(name: str, size: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A file in the archive; one that turned out shorter than was known is filled up, so that the rest can be read."""
    info = tarfile.TarInfo(name)
    info.size = size
    yield info.tobuf(tarfile.PAX_FORMAT)
    left = size
    for piece in pieces:
        yield piece[:left]
        left -= min(left, len(piece))
    yield b"\0" * (left + -size % tarfile.BLOCKSIZE)


def export_show(session: Session, show: Show) -> dict[str, Any]:
    """One show with its episodes, versions of media and subscribers."""
    episodes = session.scalars(select(Episode).where(Episode.show_id == show.id).order_by(Episode.id)).all()
    subscribers = session.scalars(select(Subscriber).where(Subscriber.show_id == show.id).order_by(Subscriber.id))
    return {
        **_row(show),
        "episodes": [{**_row(one, "fragment"), "media": _media(session, one)} for one in episodes],
        "subscribers": [_row(one, "digest") for one in subscribers],
    }


def _media(session: Session, episode: Episode) -> list[dict[str, Any]]:
    versions = select(Media).where(Media.episode_id == episode.id).order_by(Media.id)
    return [_row(one) for one in session.scalars(versions)]


def _row(row: Any, *without: str) -> dict[str, Any]:
    columns = row.__mapper__.column_attrs
    return {one.columns[0].name: getattr(row, one.key) for one in columns if one.columns[0].name not in without}
