"""The device log: sessions, records and their ids."""

from copy import copy
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from simulator.broken_records import BrokenRecords
from simulator.catalogue import Episode
from simulator.clock import Boot, Boots, WallClock
from simulator.styles import (
    CHATTY,
    COMPACT,
    SPACED,
    Written,
    clock_json,
    mark_json,
    progress_json,
    session_json,
)

NOT_LANDED_MS = -1


class Log:
    """One `(device_id, log_epoch)` and who listens there."""

    __slots__ = ("device_id", "head", "listener_id", "log_epoch", "records")

    def __init__(self, random: Random, account_id: str | None) -> None:
        hex_id = f"{random.getrandbits(128):032x}"
        groups = (hex_id[:8], hex_id[8:12], hex_id[12:16], hex_id[16:20], hex_id[20:])
        self.device_id = "-".join(groups)
        self.log_epoch = f"e{random.getrandbits(28):07x}"
        self.listener_id = account_id or self.device_id
        self.head = f"podledger/1\n{self.device_id}\n{self.log_epoch}\n"
        self.records: list[Record] = []
        """The records that landed and are sound, one per id."""


@dataclass(slots=True)
class Session:
    """One session: its episode, when it truly began, and what the wall clock showed then."""

    log: Log
    episode: Episode
    session_id: str
    began_ms: int
    offset_ms: int
    head: str
    json: str


@dataclass(slots=True)
class Record:
    """One record with what is true of it; `text` is its JSON, `refusal` why it is refused."""

    session: Session
    seq: int
    is_progress: bool
    at_ms: int
    offset_ms: int
    boot: Boot
    from_ms: int
    to_ms: int
    played_ms: int
    offline: int
    text: str
    refusal: str
    first_received_ms: int
    mendable: bool


class Recorder:
    """Writes the records of one phone into its log, as its client does."""

    def __init__(self, random: Random, log: Log, wall: WallClock, boots: Boots, broken: BrokenRecords) -> None:
        self.random = random
        self.log = log
        self.wall = wall
        self.boots = boots
        self.style = random.choices((COMPACT, SPACED, CHATTY), (80, 10, 10))[0]
        self.seq = 0
        self.pending: list[Record] = []
        """What the phone has written and no answer has named yet, in order."""
        self._broken = broken
        self._until_broken = broken.draw_distance(random)

    def offset_ms(self, at_ms: int) -> int:
        """How far the wall clock is off at an instant, never an earlier one than asked before."""
        if at_ms >= self.wall.next_jump_ms:
            return self.wall.advance(at_ms)
        return self.wall.offset_ms

    def reinstall(self, log: Log) -> int:
        """Begin a new log; how many records are lost with the old one."""
        lost = len(self.pending)
        self.log, self.seq, self.pending = log, 0, []
        return lost

    def twin(self, random: Random, wall: WallClock, boots: Boots) -> "Recorder":
        """The recorder of a cloned phone: same log, same next seq, same unsent records."""
        twin = copy(self)
        twin.random, twin.wall, twin.boots = random, wall, boots
        twin.pending = list(self.pending)
        return twin

    def begin_session(self, episode: Episode, at_ms: int) -> Session:
        """A new session of the player."""
        offset_ms = self.offset_ms(at_ms)
        session_id = f"s{self.random.getrandbits(64):016x}"
        wall_ms = at_ms + offset_ms
        json = session_json(self.style, session_id, wall_ms, episode)
        head = f"{session_id}\n{wall_ms}\n"
        return Session(self.log, episode, session_id, at_ms, offset_ms, head, json)

    def mark(self, session: Session, kind: str, at_ms: int, offline: int) -> None:
        """Write a `download`, `play`, `pause` or `complete` record."""
        offset_ms = self.offset_ms(at_ms)
        written = self._write(session, kind, at_ms + offset_ms, at_ms, "\n\n", offline)
        boot, text = self.boots.current, mark_json(self.style, kind, written)
        self.pending.append(
            Record(
                session, self.seq, False, at_ms, offset_ms, boot, 0, 0, 0, offline,
                text, "", NOT_LANDED_MS, True,
            )
        )  # fmt: skip

    def progress(self, session: Session, at_ms: int, from_ms: int, to_ms: int, rate_milli: int, offline: int) -> None:
        """Write a `progress` record closed at `at_ms`; now and then the client breaks it."""
        offset_ms = self.offset_ms(at_ms)
        interval = f"{from_ms}\n{to_ms}\n{rate_milli}"
        written = self._write(session, "progress", at_ms + offset_ms, at_ms, interval, offline)
        text, refusal = progress_json(self.style, written, from_ms, to_ms, rate_milli), ""
        self._until_broken -= 1
        if self._until_broken == 0:
            self._until_broken = self._broken.draw_distance(self.random)
            log, duration_ms = self.log, session.episode.duration_ms
            text, refusal = self._broken.break_next(text, log.device_id, log.log_epoch, duration_ms)
        played_ms = (to_ms - from_ms) * 1000 // rate_milli
        self.pending.append(
            Record(
                session, self.seq, True, at_ms, offset_ms, self.boots.current,
                from_ms, to_ms, played_ms, offline, text, refusal, NOT_LANDED_MS, True,
            )
        )  # fmt: skip

    def _write(self, session: Session, kind: str, wall_ms: int, at_ms: int, interval: str, offline: int) -> Written:
        """Take the next seq and make the id."""
        self.seq = seq = self.seq + 1
        boot = self.boots.current
        mono_ms = at_ms - boot.started_ms
        clock = f"{boot.boot_id}\n{mono_ms}" if boot.boot_id else "\n"
        record_id = sha256(
            f"{self.log.head}{seq}\n{session.head}{kind}\n{session.episode.episode_id}\n"
            f"{wall_ms}\n{clock}\n{interval}\n{offline}".encode()
        ).hexdigest()
        clock = clock_json(self.style, boot.boot_id, mono_ms)
        return Written(record_id, seq, session.json, wall_ms, clock, offline)
