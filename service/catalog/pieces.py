"""The pieces of feeds, one an episode: in memory those asked for last, in the database all; made anew where stale."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from service.catalog.feed_of import fragment_version, item_of
from service.catalog.models import Episode, Media, Show
from service.catalog.record import Entry
from service.db.database import Database
from service.feeds.check import FeedBroken
from service.feeds.item import render_item
from service.feeds.keeping import KeptBytes
from service.media.addresses import Addresses

_MOST_BYTES = 64 << 20
_AT_ONCE = 500

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Piece:
    """An episode's piece as of one of its changes."""

    episode_id: str
    touched: int
    content: bytes


class Pieces:
    """Finds pieces by episode and change, so that one that is known is never one that is old."""

    def __init__(self, database: Database, addresses: Addresses) -> None:
        """Nothing is in memory yet."""
        self._database, self._addresses = database, addresses
        self._version = fragment_version(addresses)
        self._kept: KeptBytes[tuple[str, int]] = KeptBytes(_MOST_BYTES)
        self._unsaved: dict[str, Piece] = {}

    def of(self, show: Show, entries: Sequence[Entry]) -> list[bytes]:
        """The pieces of these entries; what had to be made for it is `unsaved`.

        Raises:
            FeedBroken: an episode is not there any more.
        """
        found = {one.episode_id: self._kept.get((one.episode_id, one.touched)) for one in entries}
        missing = [episode_id for episode_id, content in found.items() if content is None]
        for ids in _in_parts(missing):
            for piece in self._read(show, ids):
                found[piece.episode_id] = piece.content
                self._kept.keep((piece.episode_id, piece.touched), piece.content)
        pieces = [content for content in found.values() if content is not None]
        if len(pieces) < len(entries):
            raise FeedBroken(f"{len(entries) - len(pieces)} episodes of {show.slug} went while its feed was made")
        return pieces

    def unsaved(self) -> list[list[Piece]]:
        """What was made and is not in the database yet, in parts for one transaction each; the last may be empty."""
        return list(_in_parts(self._unsaved.values())) or [[]]

    def saved(self) -> None:
        """All that was unsaved is in the database now."""
        self._unsaved.clear()

    def save(self, session: Session, made: Sequence[Piece]) -> None:
        """Keeps pieces in the database, but of episodes that changed meanwhile: theirs are stale already."""
        if made:
            table = Episode.metadata.tables[Episode.__tablename__]
            unchanged = (table.c.id == bindparam("of"), table.c.touched == bindparam("of_change"))
            values = {"fragment": bindparam("content"), "fragment_version": self._version}
            kept = update(table).where(*unchanged).values(values)
            given: list[dict[str, Any]] = [
                {"of": one.episode_id, "of_change": one.touched, "content": one.content} for one in made
            ]
            session.connection().execute(kept, given)

    def _read(self, show: Show, ids: Sequence[str]) -> list[Piece]:
        with self._database.read() as session:
            there = select(Episode.id, Episode.touched, Episode.fragment).where(
                Episode.id.in_(ids), Episode.fragment_version == self._version
            )
            pieces = [Piece(of, touched, kept) for of, touched, kept in session.execute(there) if kept is not None]
            stale = set(ids) - {one.episode_id for one in pieces}
            wanted = select(Episode, Media).join(Media, Media.id == Episode.media_id).where(Episode.id.in_(stale))
            anew = [
                Piece(episode.id, episode.touched, render_item(item_of(show, episode, media, self._addresses)))
                for episode, media in session.execute(wanted)
            ]
        self._unsaved.update({one.episode_id: one for one in anew})
        return pieces + anew


def _in_parts(values: Iterable[Value]) -> Iterator[list[Value]]:
    rest = iter(values)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
