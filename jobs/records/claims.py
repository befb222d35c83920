"""What players that speak another protocol only claim: the form that every dialect is translated into.

Their rules are docs/dialects.md. Here is what all of them share: who sent it, what a record comes to, and when.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from jobs.records.clock import Clock, within_reach

PSEUDONYM_DIGITS = 32
FASTEST = 5
"""How many times faster than it sounds content can be heard at most: the greatest `rate_milli` of our protocol."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_OFFSET = timedelta(hours=14)
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?[ ]?(?:([Zz])|([+-])(\d\d):?(\d\d))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Sender:
    """What the envelope says of a batch in another dialect. Unix ms; None is absent."""

    dialect: str
    device_id: str | None
    account_id: str | None
    received_ms: int

    @property
    def listener_id(self) -> str | None:
        """The account, or the device that a token proved; None where the envelope names neither."""
        return self.account_id or self.device_id


@dataclass(frozen=True, slots=True)
class Claim:
    """A well-formed record of another dialect. Times in Unix ms, content positions in ms.

    ``type`` is `progress` with an interval, or `download` or `state` without one. The episode is named by what the
    dialect has of `episode_id`, `episode_url` and `episode_guid`; the catalogue says which one that is.
    """

    id: str
    listener_id: str
    device_id: str
    session_id: str
    type: str
    episode_id: str | None
    episode_url: str | None
    episode_guid: str | None
    wall_ms: int
    at_ms: int
    clock: Clock
    from_ms: int | None
    to_ms: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """One record of a batch with its source text; without a claim it is malformed."""

    raw: str
    claim: Claim | None


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as a player wrote it, Unix ms; UTC where it names no zone.

    With an offset beyond 14 hours it is no instant (`is_possible` is false), but still tells how long lay between.
    """

    wall_ms: int
    is_possible: bool


def read_stamp(value: object) -> Stamp | None:
    """The time that an ISO 8601 date and time of day stand for; None where it is none. Finer than ms is cut off."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    *parts, fraction, _zulu, sign, hours, minutes = found.groups()
    try:
        year, month, day, hour, minute, second = map(int, parts)
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    signed = -offset if sign == "-" else offset
    wall_ms = (local - _EPOCH - signed) // timedelta(milliseconds=1) + int((fraction or "0").ljust(3, "0")[:3])
    return Stamp(wall_ms, is_possible=offset <= _MOST_OFFSET and int(minutes or 0) < 60)


def claimed_time(stamp: Stamp | None, received_ms: int) -> tuple[int, int, Clock]:
    """`wall_ms`, `at_ms` and `clock`: the claimed time within the bounds of section 5, or the arrival without one."""
    if stamp is None:
        return received_ms, received_ms, Clock.UNKNOWN
    if not stamp.is_possible:
        return stamp.wall_ms, received_ms, Clock.UNKNOWN
    return stamp.wall_ms, *within_reach(stamp.wall_ms, Clock.WALL, received_ms)


def claim_id(values: Sequence[object]) -> str:
    """64 lower-case hex digits: the SHA-256 of these values on lines of their own, absent ones empty.

    No value holds a line feed.
    """
    return sha256("\n".join("" if value is None else str(value) for value in values).encode("utf-8")).hexdigest()


def pseudonym(values: Sequence[object]) -> str:
    """What stands for a device, a session or a listener that only these values tell: 32 hex digits."""
    return claim_id(values)[:PSEUDONYM_DIGITS]
