"""Shows and episodes, and how popular each episode is."""

import json
import os
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from simulator.plan import Plan
from simulator.units import DAY_MS, MINUTE_MS, SECOND_MS

EPISODES_PER_SHOW = 12
SHOWS_PER_CREATOR = 3
PUBLISHED_DAYS_BEFORE = 400
ZIPF_EXPONENT = 1.05
BYTES_PER_SECOND = 16_000
TITLE_WORDS = ("Über", "Morning", "História", "Deep", "夜の", "Signal", '"Quoted"', "Harbour")


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode; `id_json` and `id_ascii_json` are its id as JSON text, raw and escaped."""

    episode_id: str
    id_json: str
    id_ascii_json: str
    show: int
    title: str
    duration_ms: int
    published_ms: int


class Catalogue:
    """All episodes, drawn by Zipf popularity."""

    def __init__(self, episodes: list[Episode]) -> None:
        self.episodes = episodes
        weights = (1 / rank**ZIPF_EXPONENT for rank in range(1, len(episodes) + 1))
        self._cumulative = list(accumulate(weights))

    def draw(self, random: Random, at_ms: int) -> Episode:
        """An episode published by `at_ms`, popular ones more often."""
        total = self._cumulative[-1]
        for _ in range(20):
            episode = self.episodes[bisect(self._cumulative, random.random() * total)]
            if episode.published_ms <= at_ms:
                return episode
        return min(self.episodes, key=lambda other: other.published_ms)


def make_catalogue(plan: Plan) -> Catalogue:
    """The catalogue of a plan; the first episode is the most popular one."""
    random = Random(f"{plan.seed}/catalogue")
    count = plan.shows * EPISODES_PER_SHOW
    show_of_rank = [index % plan.shows for index in range(count)]
    random.shuffle(show_of_rank)
    return Catalogue([_make_episode(plan, random, index, show_of_rank[index]) for index in range(count)])


def _make_episode(plan: Plan, random: Random, index: int, show: int) -> Episode:
    episode_id = f"épisode-{index:06d}" if index % 40 == 7 else f"ep-{index:06d}"
    age_days = random.uniform(-0.9 * plan.days, PUBLISHED_DAYS_BEFORE) if index else 30
    minutes = min(150.0, max(2.0, random.lognormvariate(3.4, 0.6)))
    return Episode(
        episode_id=episode_id,
        id_json=json.dumps(episode_id, ensure_ascii=False),
        id_ascii_json=json.dumps(episode_id),
        show=show,
        title=f"{random.choice(TITLE_WORDS)} {index}",
        duration_ms=int(minutes * MINUTE_MS) + random.randrange(SECOND_MS),
        published_ms=plan.start_ms - int(age_days * DAY_MS),
    )


def write_catalogue(catalogue: Catalogue, path: Path) -> None:
    """Write the catalogue, one episode a line; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.tmp")
    with unfinished.open("w", encoding="utf-8") as file:
        for index, episode in enumerate(catalogue.episodes):
            file.write(json.dumps(_row(index, episode), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _row(index: int, episode: Episode) -> dict[str, str | int]:
    return {
        "episode_id": episode.episode_id,
        "show_id": f"show-{episode.show:05d}",
        "creator_id": f"creator-{episode.show // SHOWS_PER_CREATOR:05d}",
        "title": episode.title,
        "show_title": f"Show {episode.show}",
        "duration_ms": episode.duration_ms,
        "published_ms": episode.published_ms,
        "media_path": f"media/{index:06d}.mp3",
        "media_bytes": 45_000 + episode.duration_ms * BYTES_PER_SECOND // SECOND_MS,
        "header_bytes": 45_000,
    }
