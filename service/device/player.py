"""Playing: what is heard becomes records, closed intervals of at most 30 seconds each."""

import uuid
from dataclasses import dataclass, field

from jobs.records.record import Record
from service.device.clock import Clock, Now
from service.device.log import UNNAMED, DeviceLog

LONGEST_INTERVAL_MS = 30_000
MORE_THAN_MS = 30_000
NEW_SESSION_AFTER_MS = 30 * 60_000
NORMAL_RATE = 1000


@dataclass(slots=True)
class _Session:
    session_id: str
    wall_ms: int
    heard_ms: int = 0
    kept_back: list[Record] = field(default_factory=list)
    """Until more than 30 seconds were heard, nothing of a session reaches the log."""


class Player:
    """Plays one episode after another. Time goes on only where its clock is told so."""

    def __init__(self, log: DeviceLog, clock: Clock, *, offline: bool = False) -> None:
        """``offline``: whether there is no network; it may be changed at any time."""
        self._log, self._clock, self.offline = log, clock, offline
        self._session: _Session | None = None
        self._episode_id = ""
        self._duration_ms = 0
        self.position_ms = 0
        self.rate_milli = NORMAL_RATE
        self._paused: Now | None = None

    def note_download(self, episode_id: str) -> None:
        """Writes down that an episode is on the disk."""
        now = self._clock.now()
        session = _Session(uuid.uuid4().hex, now.wall_ms)
        self._log.append([self._record("download", now, session, episode_id)])

    def load(self, episode_id: str, duration_ms: int, position_ms: int = 0) -> None:
        """Puts an episode in, which begins a session."""
        self._episode_id, self._duration_ms, self.position_ms = episode_id, duration_ms, position_ms
        self._begin_session()

    def play(self, content_ms: int) -> None:
        """Plays so much content, or to the end, and lets the clock go on by the time that takes.

        Raises:
            ValueError: nothing is loaded.
        """
        self._wake_up()
        end_ms = min(self.position_ms + content_ms, self._duration_ms)
        self._write("play")
        while self.position_ms < end_ms:
            from_ms = self.position_ms
            self.position_ms = min(from_ms + LONGEST_INTERVAL_MS, end_ms)
            self._pass((self.position_ms - from_ms) * NORMAL_RATE // self.rate_milli)
            self._write("progress", from_ms, self.position_ms)
        if self.position_ms >= self._duration_ms:
            self._write("complete")
        else:
            self.pause()

    def pause(self) -> None:
        """Stops; the next `play` goes on from here, in a new session when it comes late."""
        self._write("pause")
        self._paused = self._clock.now()

    def seek(self, position_ms: int) -> None:
        """Goes elsewhere in the episode."""
        self.position_ms = max(0, min(position_ms, self._duration_ms))

    def _begin_session(self) -> None:
        self._session = _Session(uuid.uuid4().hex, self._clock.now().wall_ms)
        self._paused = None

    def _wake_up(self) -> None:
        if self._session is None:
            raise ValueError("load an episode first")
        now, paused = self._clock.now(), self._paused
        if paused is None:
            return
        same_boot = now.boot_id == paused.boot_id and now.mono_ms is not None and paused.mono_ms is not None
        away_ms = (now.mono_ms or 0) - (paused.mono_ms or 0) if same_boot else now.wall_ms - paused.wall_ms
        if away_ms > NEW_SESSION_AFTER_MS:
            self._begin_session()
        self._paused = None

    def _pass(self, ms: int) -> None:
        advance = getattr(self._clock, "advance", None)
        if advance is not None:
            advance(ms)

    def _write(self, kind: str, from_ms: int | None = None, to_ms: int | None = None) -> None:
        assert self._session is not None
        session = self._session
        if from_ms is not None and to_ms is not None:
            session.heard_ms += to_ms - from_ms
        record = self._record(kind, self._clock.now(), session, self._episode_id, from_ms, to_ms)
        session.kept_back.append(record)
        if session.heard_ms > MORE_THAN_MS:
            self._log.append(session.kept_back)
            session.kept_back = []

    def _record(
        self,
        kind: str,
        now: Now,
        session: _Session,
        episode_id: str,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> Record:
        return Record(
            id=UNNAMED,
            seq=1,
            session_id=session.session_id,
            session_wall_ms=session.wall_ms,
            type=kind,
            episode_id=episode_id,
            wall_ms=now.wall_ms,
            boot_id=now.boot_id,
            mono_ms=now.mono_ms,
            from_ms=from_ms,
            to_ms=to_ms,
            rate_milli=None if from_ms is None else self.rate_milli,
            offline=int(self.offline),
        )
