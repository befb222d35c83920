"""How long it takes to publish one episode in a long show, until the new feed is there."""

import random
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

NOTES_WORDS = 300


@dataclass(frozen=True, slots=True)
class Published:
    """One publication: from the request to publish until it was answered, and until the new feed had been read.

    The feed's file is there when it is answered. ``processor_ms`` is the service's. ``items_stayed``: all older items
    are byte for byte what they were, and the tag is another.
    """

    answered_ms: float
    wall_ms: float
    processor_ms: float
    feed_items: int
    feed_bytes: int
    items_stayed: bool


def publish_in_long_show(
    creator: Creator, show: dict[str, Any], tone: Path, episodes: int, repeats: int
) -> list[Published]:
    """Fills the show, and publishes in it so many times."""
    fill(creator.edge, show, episodes)
    assert creator.client.patch(f"/v1/shows/{show['id']}", json={"title": "A long show, filled"}).is_success
    return [publish_one(creator, show, tone, f"New {number}") for number in range(repeats)]


def publish_one(creator: Creator, show: dict[str, Any], tone: Path, title: str) -> Published:
    """Publishes one more episode."""
    episode = creator.episode(show, title)
    creator.upload(tone, episode_id=episode["id"])
    with httpx.Client() as reader:  # an app that is there already: making one costs as much as the reading
        before = reader.get(show["feed_url"])
        worked, began = processor_s(creator.edge), time.perf_counter()
        creator.publish(episode)
        answered_ms = (time.perf_counter() - began) * 1000
        after = reader.get(show["feed_url"])
        wall_ms, processor_ms = (time.perf_counter() - began) * 1000, (processor_s(creator.edge) - worked) * 1000
    assert title in after.text
    old, new = (answer.text.split("    <item>\n") for answer in (before, after))
    stayed = new[2:] == old[1:] and before.headers["etag"] != after.headers["etag"]
    return Published(answered_ms, wall_ms, processor_ms, len(new) - 1, len(after.content), stayed)


def processor_s(edge: Edge) -> float:
    """What the service has worked so far, without nginx."""
    assert edge.service.process is not None
    times = psutil.Process(edge.service.process.pid).cpu_times()
    return float(times.user + times.system)


def fill(edge: Edge, show: dict[str, Any], episodes: int) -> None:
    """Puts old episodes straight into the database: uploading thousands is not what is measured.

    Each has notes of its own, of some 2 KB of words that do not repeat as those of a written-out test would.
    """
    chance = random.Random(1)
    words = ["".join(chance.choices("aeinorstdlcm", k=chance.randint(2, 10))) for _ in range(4000)]
    settings = read_settings(overrides={"data": {"folder": str(edge.data)}})
    database = open_database(settings)
    with database.write() as session:
        wanted = select(Episode, Media).join(Media, Media.id == Episode.media_id).where(Episode.show_id == show["id"])
        model, media = session.execute(wanted).first() or (None, None)
        assert model is not None
        assert media is not None
        for number in range(1, episodes):
            name, at_ms = f"{model.id[:-6]}{number:06}", (model.published_ms or 0) - number * 86_400_000
            details = {**model.details, "description": " ".join(chance.choices(words, k=NOTES_WORDS))}
            columns = {column.key: getattr(model, column.key) for column in Episode.__mapper__.column_attrs}
            changed = {"id": name, "guid": name, "title": f"Old {number}", "media_id": f"m{name}", "fragment": None}
            later = {"published_ms": at_ms, "details": details, "touched": model.touched + 1}  # with the show's title
            session.add(Episode(**{**columns, **changed, **later}))
            columns = {column.key: getattr(media, column.key) for column in Media.__mapper__.column_attrs}
            changed = {"id": f"m{name}", "episode_id": name, "path": f"m/{show['id']}/{name}.mp3"}
            session.add(Media(**{**columns, **changed}))
    database.close()
