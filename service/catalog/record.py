"""The catalogue that lands: every episode that was ever published, one line each (contract section 4)."""

import json
from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.catalog.models import Episode, Media, Show
from service.media.addresses import Addresses

NAME = "catalog/episodes.ndjson"


def catalogue(session: Session, addresses: Addresses) -> bytes:
    """The whole file, ordered by episode; the same bytes for the same catalogue."""
    return b"".join(_lines(session, addresses))


def _lines(session: Session, addresses: Addresses) -> Iterator[bytes]:
    columns = (Episode.id, Episode.show_id, Episode.title, Episode.guid, Episode.media_id, Episode.published_ms)
    wanted = (
        select(*columns, Episode.withdrawn_ms, Show.title.label("show_title"), Show.account_id, Show.private, Media)
        .join(Show, Show.id == Episode.show_id)
        .join(Media, Media.episode_id == Episode.id)
        .where(Episode.published_ms.is_not(None), Episode.status.in_(("published", "withdrawn")))
        .where(Media.from_ms.is_not(None))
        .order_by(Episode.id, Media.from_ms, Media.id)
    )
    for _, rows in groupby(session.execute(wanted), key=lambda row: row.id):
        versions = list(rows)
        row = versions[0]
        media = [version.Media for version in versions]
        newest = next((one for one in media if one.id == row.media_id), media[-1])
        line = {
            "episode_id": row.id,
            "show_id": row.show_id,
            "creator_id": row.account_id,
            "title": row.title,
            "show_title": row.show_title,
            "duration_ms": newest.duration_ms,
            "published_ms": row.published_ms,
            "media_path": newest.path,
            "media_bytes": newest.bytes,
            "header_bytes": newest.header_bytes,
            "guid": row.guid,
            "enclosure_urls": [] if row.private else [addresses.media_url(one.path) for one in media],
            "media": [_version(one) for one in media],
            "withdrawn_ms": row.withdrawn_ms,
        }
        present = {name: value for name, value in line.items() if value is not None}
        yield json.dumps(present, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _version(media: Media) -> dict[str, str | int | None]:
    return {
        "path": media.path,
        "bytes": media.bytes,
        "header_bytes": media.header_bytes,
        "duration_ms": media.duration_ms,
        "from_ms": media.from_ms,
    }
