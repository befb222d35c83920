"""Who listens to what in the demo: phones with their peculiarities, and the truth of what was heard."""

import datetime as dt
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from service.device.clock import Now, SimulatedClock

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MORE_THAN_MS = 30_000
COMPLETE_PERCENT = 95


@dataclass(frozen=True, slots=True)
class Sitting:
    """One time that somebody listened: so many days ago, at an hour (UTC), to an episode by its place in the list."""

    days_ago: int
    at: str
    episode: int
    from_s: int = 0
    for_s: int = 3600
    rate_milli: int = 1000


@dataclass(frozen=True, slots=True)
class Habit:
    """A phone, and what is peculiar about it."""

    name: str
    about: str
    sittings: tuple[Sitting, ...]
    clock_wrong_h: float = 0.0


HABITS = (
    Habit("ana", "hears every episode to its end", (
        Sitting(3, "07:30", 0), Sitting(2, "07:30", 1), Sitting(1, "07:30", 2))),
    Habit("ben", "hears the same minutes three times", (
        Sitting(3, "18:00", 2, 60, 180), Sitting(3, "19:00", 2, 60, 180), Sitting(3, "21:00", 2, 120, 200))),
    Habit("cho", "has a clock that is three hours fast", (
        Sitting(3, "22:30", 0), Sitting(2, "23:30", 2, 0, 300)), 3.0),
    Habit("dia", "has a clock that stands a year back", (
        Sitting(2, "12:00", 1, 0, 120), Sitting(1, "12:00", 1, 120, 240)), -8760.0),
    Habit("eli", "listens at 1.5 times the speed", (
        Sitting(2, "06:00", 2, 0, 390, 1500), Sitting(1, "06:00", 0, 15, 120, 1500))),
    Habit("fay", "listens across midnight", (
        Sitting(3, "23:55", 2), Sitting(1, "23:57", 1))),
    Habit("gus", "tries 30 seconds here and 31 there", (
        Sitting(2, "10:00", 0, 0, 30), Sitting(2, "10:05", 1, 0, 31), Sitting(1, "10:10", 2, 45, 20))),
    Habit("hal", "jumps about", (
        Sitting(1, "08:00", 2, 240, 120), Sitting(1, "08:10", 2, 0, 90), Sitting(1, "08:20", 2, 150, 120))),
)  # fmt: skip
"""What is heard at another speed than 1 is a multiple of 15 seconds, so that no time is rounded."""


@dataclass(slots=True)
class Truth:
    """What one phone played of one episode on one day (UTC, by when the sitting truly began)."""

    device_id: str
    episode_id: str
    listen_day: str
    duration_ms: int
    intervals_ms: list[tuple[int, int]] = field(default_factory=list)
    played_ms: int = 0
    sessions: int = 0

    def row(self) -> dict[str, Any]:
        """As the columns of a listen. All of the demo is heard without a network."""
        heard = union(self.intervals_ms)
        heard_ms = sum(one["to_ms"] - one["from_ms"] for one in heard)
        return {
            "listener_id": self.device_id,
            "episode_id": self.episode_id,
            "listen_day": self.listen_day,
            "heard": heard,
            "heard_ms": heard_ms,
            "played_ms": self.played_ms,
            "offline_ms": sum(to_ms - from_ms for from_ms, to_ms in self.intervals_ms),
            "sessions": self.sessions,
            "completed": heard_ms * 100 >= self.duration_ms * COMPLETE_PERCENT,
            "status": "counted" if heard_ms > MORE_THAN_MS else "too_short",
        }


class LivingClock(SimulatedClock):
    """Simulated time while somebody plays; from `wake` on, the time it is."""

    is_awake: bool = False

    def wake(self) -> None:
        """The present has come."""
        self.is_awake = True

    def now(self) -> Now:
        """Both clocks at the moment."""
        if self.is_awake:
            self.true_ms = time.time_ns() // 1_000_000
        return super().now()


def begin_ms(sitting: Sitting, today: dt.date) -> int:
    """When a sitting began, Unix ms."""
    day = today - dt.timedelta(days=sitting.days_ago)
    at = dt.datetime.combine(day, dt.time.fromisoformat(sitting.at), dt.UTC)
    return round(at.timestamp() * 1000)


def union(intervals_ms: Iterable[tuple[int, int]]) -> list[dict[str, int]]:
    """Sorted, disjoint, and one where they touch."""
    joined: list[dict[str, int]] = []
    for from_ms, to_ms in sorted(intervals_ms):
        if joined and from_ms <= joined[-1]["to_ms"]:
            joined[-1]["to_ms"] = max(joined[-1]["to_ms"], to_ms)
        else:
            joined.append({"from_ms": from_ms, "to_ms": to_ms})
    return joined
