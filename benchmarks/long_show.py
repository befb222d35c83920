"""How long it takes to publish one episode in a long show, until the new feed is there."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import select

from service.catalog.models import Episode, Media
from service.db.database import open_database
from service.settings import read_settings
from tests.service.publishing.creators import Creator
from tests.service.publishing.edges import Edge


@dataclass(frozen=True, slots=True)
class Published:
    """One publication: from the request to publish until the new feed had been read, and the service's processor time.

    ``items_stayed``: all older items are byte for byte what they were, and the tag is another.
    """

    wall_ms: float
    processor_ms: float
    items_stayed: bool


def publish_in_long_show(
    creator: Creator, show: dict[str, Any], tone: Path, episodes: int, repeats: int
) -> list[Published]:
    """Fills the show, and publishes in it so many times."""
    fill(creator.edge, show, episodes)
    creator.client.patch(f"/v1/shows/{show['id']}", json={"title": "A long show, filled"})
    return [publish_one(creator, show, tone, f"New {number}") for number in range(repeats)]


def publish_one(creator: Creator, show: dict[str, Any], tone: Path, title: str) -> Published:
    """Publishes one more episode."""
    episode = creator.episode(show, title)
    creator.upload(tone, episode_id=episode["id"])
    before = httpx.get(show["feed_url"])
    worked, began = processor_s(creator.edge), time.perf_counter()
    creator.publish(episode)
    after = httpx.get(show["feed_url"])
    wall_ms, processor_ms = (time.perf_counter() - began) * 1000, (processor_s(creator.edge) - worked) * 1000
    assert title in after.text
    old, new = (answer.text.split("    <item>\n") for answer in (before, after))
    stayed = new[2:] == old[1:] and before.headers["etag"] != after.headers["etag"]
    return Published(wall_ms, processor_ms, stayed)


def processor_s(edge: Edge) -> float:
    """What the service has worked so far, without nginx."""
    assert edge.service.process is not None
    times = psutil.Process(edge.service.process.pid).cpu_times()
    return float(times.user + times.system)


def fill(edge: Edge, show: dict[str, Any], episodes: int) -> None:
    """Puts old episodes straight into the database: uploading thousands is not what is measured."""
    settings = read_settings(overrides={"data": {"folder": str(edge.data)}})
    database = open_database(settings)
    with database.write() as session:
        wanted = select(Episode, Media).join(Media, Media.id == Episode.media_id).where(Episode.show_id == show["id"])
        model, media = session.execute(wanted).first() or (None, None)
        assert model is not None
        assert media is not None
        details = {**model.details, "description": "What was said about tides and times, at some length. " * 20}
        for number in range(1, episodes):
            name, at_ms = f"{model.id[:-6]}{number:06}", (model.published_ms or 0) - number * 86_400_000
            columns = {column.key: getattr(model, column.key) for column in Episode.__mapper__.column_attrs}
            changed = {"id": name, "guid": name, "title": f"Old {number}", "media_id": f"m{name}", "fragment": None}
            session.add(Episode(**{**columns, **changed, "published_ms": at_ms, "details": details}))
            columns = {column.key: getattr(media, column.key) for column in Media.__mapper__.column_attrs}
            changed = {"id": f"m{name}", "episode_id": name, "path": f"m/{show['id']}/{name}.mp3"}
            session.add(Media(**{**columns, **changed}))
    database.close()
