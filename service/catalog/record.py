"""The catalogue that lands: every episode that was ever published, one line each (contract section 4)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.catalog.models import Episode, Media, Show
from service.media.addresses import Addresses

NAME = "catalog/episodes.ndjson"

_SHOW = (Show.id, Show.feed_wanted, Show.title, Show.account_id, Show.private)
_EPISODE = (Episode.show_id, Episode.id, Episode.title, Episode.guid, Episode.media_id)
_TIMES = (Episode.published_ms, Episode.withdrawn_ms)
_MEDIA = (
    *(Media.id.label("version_id"), Media.path, Media.bytes, Media.header_bytes),
    *(Media.duration_ms, Media.from_ms),
)
_SHOWS_AT_ONCE = 500
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(slots=True)
class _Kept:
    """A show as it was read, all rows of its episodes, and of each episode the line that says so."""

    show: Any
    rows: frozenset[tuple[Any, ...]] = frozenset()
    lines: dict[str, bytes] = field(default_factory=dict)


class Catalogue:
    """The whole file at every publication, of which a line is only written anew when its episode changed.

    What a line says changes together with its show's ``feed_wanted``, so other shows are not even read. Takes some
    1.5 KB of memory an episode.
    """

    def __init__(self, addresses: Addresses) -> None:
        """Nothing is read yet."""
        self._addresses = addresses
        self._kept: dict[str, _Kept] = {}

    def content(self, session: Session) -> bytes:
        """The file, ordered by episode: the same bytes for the same catalogue, whatever was kept of it."""
        shows = {row.id: row for row in session.execute(select(*_SHOW))}
        self._kept = {show_id: kept for show_id, kept in self._kept.items() if show_id in shows}
        changed = [row for row in shows.values() if row.id not in self._kept or self._kept[row.id].show != row]
        for start in range(0, len(changed), _SHOWS_AT_ONCE):
            self._read(session, changed[start : start + _SHOWS_AT_ONCE])
        lines = chain.from_iterable(kept.lines.items() for kept in self._kept.values())
        return b"".join(line for _, line in sorted(lines, key=itemgetter(0)))

    def _read(self, session: Session, shows: Sequence[Any]) -> None:
        wanted = (
            select(*_EPISODE, *_TIMES, *_MEDIA)
            .join(Media, Media.episode_id == Episode.id)
            .where(Episode.show_id.in_([show.id for show in shows]))
            .where(Episode.published_ms.is_not(None), Episode.status.in_(("published", "withdrawn")))
            .where(Media.from_ms.is_not(None))
            .order_by(Episode.show_id, Episode.id, Media.from_ms, Media.id)
        )
        rows_of: dict[str, list[Any]] = {show.id: [] for show in shows}
        for row in session.connection().execute(wanted).all():
            rows_of[row[0]].append(row)
        self._kept.update({show.id: self._renewed(show, rows_of[show.id]) for show in shows})

    def _renewed(self, show: Any, rows: Sequence[Any]) -> _Kept:
        """Lines are made of those episodes of which a row came, went or is another."""
        before = self._kept.get(show.id)
        if before is None or before.show[2:] != show[2:]:
            before = _Kept(show)
        plain = frozenset(map(tuple, rows))
        changed = {episode_id for _, episode_id, *_ in plain ^ before.rows}
        lines = {episode_id: line for episode_id, line in before.lines.items() if episode_id not in changed}
        anew = (row for row in rows if row[1] in changed)
        lines.update({key: self._line(show, list(group)) for key, group in groupby(anew, key=itemgetter(1))})
        return _Kept(show, plain, lines)

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
