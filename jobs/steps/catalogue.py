"""What the catalogue told at a version, and of which episodes it tells something else since."""

from collections.abc import Sequence
from typing import Any

from jobs.published.reading import rows
from jobs.steps.work import Work
from jobs.tables import EPISODES


def episodes_at(work: Work, version: int, columns: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """These columns of each episode, by ``episode_id``; nothing of version -1, before there was any."""
    if version == -1:
        return {}
    told = rows(work.settings.lake, EPISODES.name, version, columns=", ".join(("episode_id", *columns)))
    return {row["episode_id"]: tuple(row[name] for name in columns) for row in told.to_pylist()}


def changed_episodes(work: Work, since: int, columns: Sequence[str]) -> list[str]:
    """``episode_id`` of each episode of which one of these columns is not what it was at that version."""
    now = work.state.tables[EPISODES.name]
    if since == now:
        return []
    old, new = (episodes_at(work, version, columns) for version in (since, now))
    return sorted(episode for episode, told in new.items() if old.get(episode) != told)
