"""The catalogue: which file is taken, and which is refused whole (contract section 4)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from jobs.records.json_text import OtherNumber, Unreadable, is_blank, read_value
from jobs.records.record import MAX_EPISODE_ID_CHARS, is_int, is_string

BOM = b"\xef\xbb\xbf"
FAULTS_SHOWN = 20


class CatalogueRefused(Exception):
    """The catalogue is refused whole; ``faults`` says why, by line counted from 1."""

    def __init__(self, faults: list[str]) -> None:
        """Takes every fault that was found."""
        more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        super().__init__("; ".join(faults[:FAULTS_SHOWN]) + more)
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode's newest row. ``duration_ms`` is at least 1; ``row`` the whole row as JSON with sorted keys."""

    episode_id: str
    show_id: str
    creator_id: str
    duration_ms: int
    title: str | None
    show_title: str | None
    published_ms: int | None
    withdrawn_ms: int | None
    row: str
    listed: bool = True


def read_catalogue(
    content: bytes, known: Mapping[str, Episode], lines: dict[bytes, Episode] | None = None
) -> dict[str, Episode]:
    """Every episode known once this catalogue is in force: its rows, and those that it no longer lists.

    ``lines`` is what whoever reads one catalogue after another keeps of them: what a line said that stands in the one
    before is not read again. It is brought up to date.

    Raises:
        CatalogueRefused: a line is no JSON object, an id repeats or moves to another show, or a row lacks one
            of its four needed fields. The catalogue before stays in force.
    """
    faults: list[str] = []
    listed: dict[str, Episode] = {}
    read: dict[bytes, Episode] = {}
    for number, line in _numbered_lines(content):
        episode = (lines or {}).get(line) or _episode(number, line, faults)
        if episode is None:
            continue
        if lines is not None:
            read[line] = episode
        before = known.get(episode.episode_id)
        if episode.episode_id in listed:
            faults.append(f"line {number}: episode {episode.episode_id!r} repeats")
        elif before is not None and before.show_id != episode.show_id:
            moved = f"from show {before.show_id!r} to {episode.show_id!r}"
            faults.append(f"line {number}: episode {episode.episode_id!r} moves {moved}")
        listed[episode.episode_id] = episode
    if faults:
        raise CatalogueRefused(faults)
    if lines is not None:
        lines.clear()
        lines.update(read)
    gone = {name: replace(episode, listed=False) for name, episode in known.items() if name not in listed}
    return gone | listed


def _numbered_lines(content: bytes) -> Iterable[tuple[int, bytes]]:
    lines = content.removeprefix(BOM).split(b"\n")
    return ((number, line) for number, line in enumerate(lines, 1) if not is_blank(line))


def _episode(number: int, line: bytes, faults: list[str]) -> Episode | None:
    try:
        row = read_value(line)
    except Unreadable as error:
        faults.append(f"line {number}: no JSON: {error}")
        return None
    if not isinstance(row, dict):
        faults.append(f"line {number}: no JSON object")
        return None
    wrong = [name for name, is_right in _needed(row).items() if not is_right]
    if wrong:
        faults.append(f"line {number}: missing or wrong: {', '.join(wrong)}")
        return None
    return Episode(
        episode_id=row["episode_id"],
        show_id=row["show_id"],
        creator_id=row["creator_id"],
        duration_ms=row["duration_ms"],
        title=_string(row.get("title")),
        show_title=_string(row.get("show_title")),
        published_ms=_int(row.get("published_ms")),
        withdrawn_ms=_int(row.get("withdrawn_ms")),
        row=json.dumps(row, sort_keys=True, default=_plain),
    )


def _needed(row: dict[str, Any]) -> dict[str, bool]:
    return {
        "episode_id": is_string(row.get("episode_id"), MAX_EPISODE_ID_CHARS),
        "show_id": is_string(row.get("show_id")),
        "creator_id": is_string(row.get("creator_id")),
        "duration_ms": is_int(row.get("duration_ms"), least=1),
    }


def _plain(value: object) -> object:
    return value.text if isinstance(value, OtherNumber) else str(value)


def _string(value: object) -> str | None:
    return cast(str, value) if is_string(value) else None


def _int(value: object) -> int | None:
    return cast(int, value) if is_int(value) else None
