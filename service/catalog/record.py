"""The catalogue that lands: every episode that was ever published, one line each (contract section 4)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service.catalog.models import Episode, Media, Show
from service.media.addresses import Addresses

NAME = "catalog/episodes.ndjson"

# What else a show says in each of its lines stands behind its count of changes.
_SHOW = (Show.id, Show.feed_wanted, Show.title, Show.account_id, Show.private)
_EPISODE = (Episode.show_id, Episode.id, Episode.title, Episode.guid, Episode.media_id, Episode.status)
_TIMES = (Episode.touched, Episode.published_ms, Episode.withdrawn_ms)
_MEDIA = (
    *(Media.id.label("version_id"), Media.path, Media.bytes, Media.header_bytes),
    *(Media.duration_ms, Media.from_ms),
)
_SHOWS_AT_ONCE = 500
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class Entry(NamedTuple):
    """An episode's place in its feed; another ``touched`` means that its piece may be another. They sort by age."""

    published_ms: int
    episode_id: str
    touched: int


@dataclass(slots=True)
class _Kept:
    """A show as it was read, of each of its episodes the line, and of those in its feed the entry."""

    show: Any
    lines: dict[str, bytes] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)


class Catalogue:
    """The whole file at every publication, of which only those lines are read and written anew that changed.

    What a line or a feed says changes together with its show's ``feed_wanted``, and the episode's ``touched`` says with
    which of its changes (`service.catalog.changes`). Takes some 1 KB of memory an episode.
    """

    def __init__(self, addresses: Addresses) -> None:
        """Nothing is read yet."""
        self._addresses = addresses
        self._kept: dict[str, _Kept] = {}

    def content(self, session: Session) -> bytes:
        """The file, ordered by episode: the same bytes for the same catalogue, whatever was kept of it."""
        shows = {row.id: row for row in session.execute(select(*_SHOW))}
        self._kept = {show_id: kept for show_id, kept in self._kept.items() if show_id in shows}
        whole, partly = [], []
        for row in shows.values():
            kept = self._kept.get(row.id)
            if kept is None or kept.show[2:] != row[2:]:
                whole.append(row)
            elif kept.show != row:
                partly.append((row, kept))
        for start in range(0, len(whole), _SHOWS_AT_ONCE):
            some = {row.id: _Kept(row) for row in whole[start : start + _SHOWS_AT_ONCE]}
            self._read(session, some)
            self._kept.update(some)
        for row, kept in partly:
            self._read(session, {row.id: kept}, Episode.touched > kept.show.feed_wanted)
            kept.show = row
        lines = chain.from_iterable(kept.lines.items() for kept in self._kept.values())
        return b"".join(line for _, line in sorted(lines, key=itemgetter(0)))

    def feed(self, show_id: str) -> tuple[int, list[Entry]]:
        """A show's feed as it was when ``content`` was called last: up to which change, and its entries, newest first.

        Raises:
            KeyError: there was no such show.
        """
        kept = self._kept[show_id]
        return kept.show.feed_wanted, sorted(kept.entries.values(), reverse=True)

    def _read(self, session: Session, shows: Mapping[str, _Kept], *narrower: ColumnElement[bool]) -> None:
        wanted = (
            select(*_EPISODE, *_TIMES, *_MEDIA)
            .join(Media, Media.episode_id == Episode.id)
            .where(Episode.show_id.in_(list(shows)), *narrower)
            .where(Episode.published_ms.is_not(None), Episode.status.in_(("published", "withdrawn")))
            .where(Media.from_ms.is_not(None))
            .order_by(Episode.show_id, Episode.id, Media.from_ms, Media.id)
        )
        for _, group in groupby(session.connection().execute(wanted).all(), key=itemgetter(1)):
            versions = list(group)
            kept, one = shows[versions[0].show_id], versions[0]
            kept.lines[one.id] = self._line(kept.show, versions)
            if one.status == "published":
                kept.entries[one.id] = Entry(one.published_ms, one.id, one.touched)
            else:
                kept.entries.pop(one.id, None)

    def _line(self, show: Any, versions: Sequence[Any]) -> bytes:
        newest = next((one for one in versions if one.version_id == one.media_id), versions[-1])
        line = {
            "episode_id": newest.id,
            "show_id": newest.show_id,
            "creator_id": show.account_id,
            "title": newest.title,
            "show_title": show.title,
            "duration_ms": newest.duration_ms,
            "published_ms": newest.published_ms,
            "media_path": newest.path,
            "media_bytes": newest.bytes,
            "header_bytes": newest.header_bytes,
            "guid": newest.guid,
            "enclosure_urls": [] if show.private else [self._addresses.media_url(one.path) for one in versions],
            "media": [*_versions(versions)],
        }
        if newest.withdrawn_ms is not None:
            line["withdrawn_ms"] = newest.withdrawn_ms
        return _encode(line).encode() + b"\n"


def _versions(rows: Sequence[Any]) -> Iterator[dict[str, str | int]]:
    for row in rows:
        yield {
            "path": row.path,
            "bytes": row.bytes,
            "header_bytes": row.header_bytes,
            "duration_ms": row.duration_ms,
            "from_ms": row.from_ms,
        }
