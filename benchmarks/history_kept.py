"""Days of a history that were counted, kept beside their lake, so that a course that was broken off goes on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.history_course import Day

SAYS = "history-days.jsonl"


class OtherHistoryError(RuntimeError):
    """What lies there is a course of another history; the text says what to do."""


@dataclass(slots=True)
class Kept:
    """Days counted, seconds of checks of whole tables by day, days of a young lake and the textbook, and their file."""

    path: Path
    days: list[Day] = field(default_factory=list)
    audits: dict[int, float] = field(default_factory=dict)
    young: list[Day] = field(default_factory=list)
    textbook: list[Day] = field(default_factory=list)

    def add(self, day: Day) -> None:
        """Write a day down."""
        self.days.append(day)
        self._write({"day": day.as_json()})

    def add_young(self, day: Day) -> None:
        """Write down a day of the young lake."""
        self.young.append(day)
        self._write({"young": day.as_json()})

    def forget_young(self) -> None:
        """Let go of the young lake's days: it is counted anew, by turns with days to come."""
        self.young.clear()
        self._write({"young": None})

    def set_textbook(self, days: Sequence[Day]) -> None:
        """Write down all days of the textbook."""
        self.textbook = list(days)
        self._write({"textbook": [day.as_json() for day in days]})

    def add_audit(self, day: int, seconds: float) -> None:
        """Write down how long a check of everything took after that day."""
        self.audits[day] = seconds
        self._write({"audit": day, "seconds": seconds})

    def _write(self, entry: dict[str, object]) -> None:
        with self.path.open("a") as lines:
            print(json.dumps(entry), file=lines)


def take_up(folder: Path, settings: dict[str, int]) -> Kept:
    """What was counted in that folder of a history with these settings; nothing yet, in a new folder.

    A last line that was cut short is let go of; its day is counted again.

    Raises:
        OtherHistoryError: the days there have other settings.
    """
    kept = Kept(folder / SAYS)
    if not kept.path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        kept.path.write_text(json.dumps(settings) + "\n")
        return kept
    whole = [line for line in kept.path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    kept.path.write_text("".join(whole))
    first, *entries = map(json.loads, whole)
    if first != settings:
        raise OtherHistoryError(f"{folder} holds days of another history ({first}): --fresh begins anew")
    for entry in entries:
        if "day" in entry:
            kept.days.append(Day.from_json(entry["day"]))
        elif "young" in entry:
            kept.young = [*kept.young, Day.from_json(entry["young"])] if entry["young"] else []
        elif "textbook" in entry:
            kept.textbook = list(map(Day.from_json, entry["textbook"]))
        else:
            kept.audits[entry["audit"]] = entry["seconds"]
    return kept
