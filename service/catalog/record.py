"""The catalogue that lands: every episode that was ever published, one line each (contract section 4)."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.catalog.models import Episode, Media, Show
from service.media.addresses import Addresses

NAME = "catalog/episodes.ndjson"

_EPISODE = (
    *(Episode.id, Episode.show_id, Episode.title, Episode.guid, Episode.media_id),
    *(Episode.published_ms, Episode.withdrawn_ms),
)
_SHOW = (Show.title.label("show_title"), Show.account_id, Show.private)
_MEDIA = (
    *(Media.id.label("version_id"), Media.path, Media.bytes, Media.header_bytes),
    *(Media.duration_ms, Media.from_ms),
)


def catalogue(session: Session, addresses: Addresses) -> bytes:
    """The whole file, ordered by episode; the same bytes for the same catalogue."""
    return b"".join(_lines(session, addresses))


def _lines(session: Session, addresses: Addresses) -> Iterator[bytes]:
    """Plain columns and one encoder: this is done at every publication, for every episode there is."""
    wanted = (
        select(*_EPISODE, *_SHOW, *_MEDIA)
        .join(Show, Show.id == Episode.show_id)
        .join(Media, Media.episode_id == Episode.id)
        .where(Episode.published_ms.is_not(None), Episode.status.in_(("published", "withdrawn")))
        .where(Media.from_ms.is_not(None))
        .order_by(Episode.id, Media.from_ms, Media.id)
    )
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
    for _, rows in groupby(session.connection().execute(wanted), key=lambda row: row.id):
        versions = list(rows)
        newest = next((one for one in versions if one.version_id == one.media_id), versions[-1])
        line = {
            "episode_id": newest.id,
            "show_id": newest.show_id,
            "creator_id": newest.account_id,
            "title": newest.title,
            "show_title": newest.show_title,
            "duration_ms": newest.duration_ms,
            "published_ms": newest.published_ms,
            "media_path": newest.path,
            "media_bytes": newest.bytes,
            "header_bytes": newest.header_bytes,
            "guid": newest.guid,
            "enclosure_urls": [] if newest.private else [addresses.media_url(one.path) for one in versions],
            "media": [_version(one) for one in versions],
        }
        if newest.withdrawn_ms is not None:
            line["withdrawn_ms"] = newest.withdrawn_ms
        yield encode(line).encode() + b"\n"


def _version(row: Any) -> dict[str, str | int]:
    return {
        "path": row.path,
        "bytes": row.bytes,
        "header_bytes": row.header_bytes,
        "duration_ms": row.duration_ms,
        "from_ms": row.from_ms,
    }
