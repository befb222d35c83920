"""When a record happened, by the best clock there is."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum

TOLERANCE_MS = 120_000
DAY_MS = 86_400_000
OLDEST_MS = 400 * DAY_MS
LONGEST_SESSION_MS = DAY_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Enum):
    """How the time of a record was found."""

    WALL = "wall"
    MONOTONIC = "monotonic"
    OFFSET = "offset"
    CLAMPED = "clamped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sending:
    """What a copy's batch says about time. Unix ms; `mono_ms` in ms since boot."""

    received_ms: int
    wall_ms: int
    boot_id: str | None = None
    mono_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """What a record says about time, in the same units."""

    wall_ms: int
    session_wall_ms: int
    boot_id: str | None = None
    mono_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """When a record happened and when its session began, Unix ms, and by which clock."""

    at_ms: int
    clock: Clock
    session_at_ms: int

    @property
    def listen_day(self) -> date:
        """The UTC date on which the session began."""
        return utc_day(self.session_at_ms)


def place(times: Times, sending: Sending) -> Placed:
    """Where one copy of a record belongs in time."""
    at_ms, clock = within_reach(*_by_best_clock(times, sending), sending.received_ms)
    since_session_ms = times.wall_ms - times.session_wall_ms
    if not 0 <= since_session_ms <= LONGEST_SESSION_MS:
        since_session_ms = 0
    return Placed(at_ms, clock, session_at_ms=at_ms - since_session_ms)


def utc_day(at_ms: int) -> date:
    """The UTC date of an instant, Unix ms."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).date()


def _by_best_clock(times: Times, sending: Sending) -> tuple[int, Clock]:
    mono_at_ms = _monotonic_at_ms(times, sending)
    if mono_at_ms is not None:
        if abs(mono_at_ms - times.wall_ms) <= TOLERANCE_MS:
            return times.wall_ms, Clock.WALL
        return mono_at_ms, Clock.MONOTONIC
    skew_ms = sending.received_ms - sending.wall_ms
    if abs(skew_ms) <= TOLERANCE_MS:
        return times.wall_ms, Clock.WALL
    return times.wall_ms + skew_ms, Clock.OFFSET


def _monotonic_at_ms(times: Times, sending: Sending) -> int | None:
    """When it happened by the monotonic clock; None unless it was sent later during the same boot."""
    if times.boot_id is None or times.boot_id != sending.boot_id:
        return None
    if times.mono_ms is None or sending.mono_ms is None or times.mono_ms > sending.mono_ms:
        return None
    return sending.received_ms - (sending.mono_ms - times.mono_ms)


def within_reach(at_ms: int, clock: Clock, received_ms: int) -> tuple[int, Clock]:
    """Never after it was received, and never more than 400 days before."""
    if at_ms > received_ms:
        return received_ms, Clock.CLAMPED if at_ms > received_ms + TOLERANCE_MS else clock
    if at_ms < received_ms - OLDEST_MS:
        return received_ms, Clock.UNKNOWN
    return at_ms, clock
