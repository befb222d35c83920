"""The days of a history, counted one after the other in one warm session, each with what it cost."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.history_devices import FIRST_DAY
from benchmarks.history_landing import History
from benchmarks.lake_watch import Touched, lake_size, watching_lake
from benchmarks.warm import WarmSession

DAY_NS = 86_400 * 10**9


@dataclass(slots=True)
class Day:
    """What one day cost: all of it, of which its maintenance, and what a run without news costs just then."""

    day: int
    records: int
    seconds: float = 0.0
    maintenance_s: float = 0.0
    no_news_s: float = 0.0
    touched: Touched = field(default_factory=Touched)
    lake_files: int = 0
    lake_bytes: int = 0
    taken_up: bool = False
    """Whether the course was broken off before, maybe on this very day, of which a part is missing then."""

    def as_json(self) -> dict[str, object]:
        """Its figures, flat."""
        figures = {name: getattr(self, name) for name in self.__slots__ if name != "touched"}
        rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
        return rounded | asdict(self.touched)

    @classmethod
    def from_json(cls, figures: dict[str, Any]) -> "Day":
        """The day of these figures."""
        own = {name: figures[name] for name in cls.__slots__ if name != "touched"}
        return cls(**own, touched=Touched(**{name: figures[name] for name in Touched.__slots__}))


@contextmanager
def _measured(day: Day, lake: Path, session: WarmSession) -> Iterator[None]:
    with watching_lake(lake, session.process) as found:
        yield
    day.touched += found[0]


class Course:
    """One lake, brought up to date day after day."""

    def __init__(self, session: WarmSession, landing: Path, lake: Path) -> None:
        self._session, self._landing, self.lake = session, landing, lake

    def count_day(self, day: int, records: int, *, maintained: bool, taken_up: bool = False) -> Day:
        """Count what the day landed, just after midnight; where maintenance is due, it is done at half past three."""
        counted = Day(day, records, taken_up=taken_up)
        with _measured(counted, self.lake, self._session):
            counted.seconds = self._perform("run", day, "00:10")
        if maintained:
            with _measured(counted, self.lake, self._session):
                counted.maintenance_s = self._perform("maintain", day, "03:30")
        counted.seconds += counted.maintenance_s
        counted.no_news_s = self._perform("run", day, "03:50")
        counted.lake_files, counted.lake_bytes = lake_size(self.lake)
        grow_older(self.lake)
        return counted

    def audit(self, day: int) -> float:
        """Check all rows of all tables, as is scheduled apart; seconds."""
        return self._perform("validate", day, "04:00", "--whole")

    def _perform(self, command: str, day: int, time: str, *options: str) -> float:
        """Perform a command as if it were that time on the next day; seconds."""
        now = f"{FIRST_DAY + dt.timedelta(days=day)}T{time}:00+00:00"
        places = ["--landing", str(self._landing), "--lake", str(self.lake)]
        return self._session.perform([command, *options, *places, "--now", now, "--json"]).wall_s


class Passing:
    """A history whose days land in a folder and are counted there, one after the other.

    ``counted`` days have been before, and are neither landed nor counted again.
    """

    def __init__(self, session: WarmSession, history: History, counted: int = 0, maintain_every: int = 1) -> None:
        self.course = Course(session, history.landing, history.landing.parent / "lake")
        self._history, self._maintain_every, self._taken_up = history, maintain_every, counted > 0
        for _ in range(counted):
            history.land_day(is_there=True)

    def next_day(self) -> Day:
        """Land a day and count it."""
        records, day = self._history.land_day(), self._history.day
        taken_up, self._taken_up = self._taken_up, False
        return self.course.count_day(day, records, maintained=day % self._maintain_every == 0, taken_up=taken_up)


class TextbookCourse:
    """A lake of the textbook pipeline: loaded at one go up to a day, then day after day."""

    def __init__(self, session: WarmSession, landing: Path, lake: Path) -> None:
        self._session, self._landing, self.lake = session, landing, lake
        self._loaded = 0

    def load_until(self, day: int) -> float:
        """Load all days up to that one as a single batch; seconds."""
        return self._load(day) if day > self._loaded else 0.0

    def count_day(self, records: int) -> Day:
        """Count what the next day landed."""
        counted = Day(self._loaded + 1, records)
        with _measured(counted, self.lake, self._session):
            counted.seconds = self._load(counted.day)
        counted.lake_files, counted.lake_bytes = lake_size(self.lake)
        return counted

    def _load(self, last: int) -> float:
        first_date, last_date = (FIRST_DAY + dt.timedelta(days=day) for day in (self._loaded, last - 1))
        places = ["--landing", str(self._landing), "--out", str(self.lake)]
        measured = self._session.perform([*places, "--from", f"{first_date}", "--to", f"{last_date}"])
        self._loaded = last
        return measured.wall_s


def grow_older(folder: Path) -> None:
    """Make every file a day older: what retention removes by age, it then removes when its time has come."""
    for path in folder.rglob("*"):
        if path.is_file():
            seen = path.stat()
            os.utime(path, ns=(seen.st_atime_ns - DAY_NS, seen.st_mtime_ns - DAY_NS))


def above_no_news(days: list[Day]) -> Callable[[Day], float]:
    """Seconds of a day above a run without news: the median of those measured on this day and three on either side."""
    seconds = {day.day: day.no_news_s for day in days}

    def above(day: Day) -> float:
        near = sorted(seconds[other] for other in range(day.day - 3, day.day + 4) if other in seconds)
        return day.seconds - near[len(near) // 2]

    return above
