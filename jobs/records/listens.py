"""What counts as listening, read out plainly from the contract."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from jobs.records.clock import DAY_MS, Clock, utc_day
from jobs.records.counting import Event
from jobs.records.identity import listen_id

MIN_HEARD_MS = 30_000
"""Exactly so much is not a listen yet; one millisecond more is."""

COMPLETED_PERCENT = 95
MAX_PLAYED_A_DAY_MS = DAY_MS
NORMAL_RATE_MILLI = 1000
IMPOSSIBLE_DAY = "impossible_day"

ListenKey = tuple[str, str, date]


class Status(Enum):
    """Only counted listens are ever paid."""

    COUNTED = "counted"
    TOO_SHORT = "too_short"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Listen:
    """A listener, an episode, a day. `heard` holds half-open content intervals; `*_at_ms` are Unix ms."""

    listener_id: str
    episode_id: str
    listen_day: date
    heard: list[tuple[int, int]]
    heard_ms: int
    played_ms: int
    offline_ms: int
    sessions: int
    first_at_ms: int
    last_at_ms: int
    last_received_at_ms: int
    completed: bool
    status: Status
    reasons: list[str]


def daily_listens(events: Iterable[Event], catalogue: Mapping[str, int]) -> dict[str, Listen]:
    """The measured listens of these events, one per id, by `listen_id`; the catalogue gives durations in ms."""
    progress = [event for event in events if event.record.type == "progress"]
    impossible = _impossible_ids(progress)
    by_key: dict[ListenKey, list[Event]] = defaultdict(list)
    for event in progress:
        by_key[event.listener_id, event.record.episode_id, event.listen_day].append(event)
    return {listen_id(*key): _listen(key, group, catalogue[key[1]], impossible) for key, group in by_key.items()}


def merged(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same content as sorted, disjoint intervals; touching ones become one."""
    result: list[tuple[int, int]] = []
    for from_ms, to_ms in sorted(intervals):
        if result and from_ms <= result[-1][1]:
            result[-1] = (result[-1][0], max(to_ms, result[-1][1]))
        else:
            result.append((from_ms, to_ms))
    return result


def _listen(key: ListenKey, events: Sequence[Event], duration_ms: int, impossible: set[str]) -> Listen:
    heard = merged(_interval(event) for event in events)
    heard_ms = sum(to_ms - from_ms for from_ms, to_ms in heard)
    reasons = [IMPOSSIBLE_DAY] if any(event.record.id in impossible for event in events) else []
    return Listen(
        *key,
        heard=heard,
        heard_ms=heard_ms,
        played_ms=sum(_played_ms(event) for event in events),
        offline_ms=sum(_content_ms(event) for event in events if event.record.offline),
        sessions=len({event.record.session_id for event in events}),
        first_at_ms=min(event.at_ms for event in events),
        last_at_ms=max(event.at_ms for event in events),
        last_received_at_ms=max(event.standing.received_ms for event in events),
        completed=heard_ms * 100 >= duration_ms * COMPLETED_PERCENT,
        status=_status(heard_ms, reasons),
        reasons=reasons,
    )


def _status(heard_ms: int, reasons: Sequence[str]) -> Status:
    if reasons:
        return Status.INVALID
    return Status.TOO_SHORT if heard_ms <= MIN_HEARD_MS else Status.COUNTED


def _impossible_ids(progress: Iterable[Event]) -> set[str]:
    """The events of every device and UTC date on which more was played than a day holds."""
    by_day: dict[tuple[str, date], list[Event]] = defaultdict(list)
    for event in progress:
        if event.clock not in (Clock.CLAMPED, Clock.UNKNOWN):
            by_day[event.device_id, utc_day(event.at_ms)].append(event)
    too_much = (day for day in by_day.values() if sum(map(_played_ms, day)) > MAX_PLAYED_A_DAY_MS)
    return {event.record.id for day in too_much for event in day}


def _interval(event: Event) -> tuple[int, int]:
    """The content heard, of a progress event."""
    from_ms, to_ms = event.record.from_ms, event.record.to_ms
    assert from_ms is not None, "a progress record has its interval"
    assert to_ms is not None, "a progress record has its interval"
    return from_ms, to_ms


def _content_ms(event: Event) -> int:
    from_ms, to_ms = _interval(event)
    return to_ms - from_ms


def _played_ms(event: Event) -> int:
    rate_milli = event.record.rate_milli
    assert rate_milli is not None, "a progress record has its rate"
    return _content_ms(event) * NORMAL_RATE_MILLI // rate_milli
