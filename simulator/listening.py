"""How a person plays one episode: pieces, seeks, speeds, pauses, and what the client writes."""

from random import Random

from simulator.catalogue import Episode
from simulator.network import Offline
from simulator.records import Recorder, Session
from simulator.units import DAY_MS, MINUTE_MS, SECOND_MS

PIECE_MS = 30 * SECOND_MS
"""A client closes an interval at least this often, in time spent."""

NEW_SESSION_AFTER_MS = 30 * MINUTE_MS
MIDNIGHT_MARGIN_MS = 3 * MINUTE_MS
RATES_MILLI = (1000, 1000, 1000, 1000, 1200, 1250, 1500, 1750, 2000, 3000, 800)
EXACT_GLIMPSES_MS = (30_000, 30_001)

SEEKS, RATE_CHANGES, PAUSES = 0.020, 0.004, 0.012
"""Chance of each at the end of a piece."""


def away_from_midnight_ms(at_ms: int) -> int:
    """An instant at which a session may begin.

    No session begins within three minutes of a UTC midnight, so that the seconds by which a
    mended clock differs from the truth never decide its day. Sessions do cross midnight.
    """
    into_day_ms = at_ms % DAY_MS
    if into_day_ms < MIDNIGHT_MARGIN_MS:
        return at_ms - into_day_ms + MIDNIGHT_MARGIN_MS
    if into_day_ms >= DAY_MS - MIDNIGHT_MARGIN_MS:
        return at_ms - into_day_ms + DAY_MS + MIDNIGHT_MARGIN_MS
    return at_ms


class Player:
    """One sitting with one episode; `at_ms` and `position_ms` say where it stands."""

    def __init__(
        self,
        random: Random,
        recorder: Recorder,
        offline: Offline,
        episode: Episode,
        position_ms: int,
        rate_milli: int,
        at_ms: int,
    ) -> None:
        self._random = random
        self._recorder = recorder
        self._offline = offline
        self._episode = episode
        self._rate_milli = rate_milli
        self.position_ms = position_ms
        self.at_ms = at_ms
        self.played_ms = 0
        self._end_ms = episode.duration_ms
        if random.random() < 0.05:
            self._end_ms += random.randint(0, 2_000)
        self._session: Session
        self._begin_session()

    def play(self, most_ms: int) -> None:
        """Play until `most_ms` of content were heard, or to the end."""
        draw, left_ms = self._random.random, most_ms
        while left_ms > 0:
            luck = draw()
            piece_ms = PIECE_MS - int(draw() * 400)
            if luck < SEEKS + RATE_CHANGES + PAUSES:
                piece_ms = 1 + int(draw() * PIECE_MS)
            content_ms = min(
                max(1, piece_ms * self._rate_milli // 1000),
                left_ms,
                self._end_ms - self.position_ms,
            )
            if content_ms <= 0:
                break
            self._hear(content_ms)
            left_ms -= content_ms
            if luck < SEEKS:
                self._seek()
            elif luck < SEEKS + RATE_CHANGES:
                self._rate_milli = self._random.choice(RATES_MILLI)
            elif luck < SEEKS + RATE_CHANGES + PAUSES:
                self._pause()
        kind = "complete" if self.position_ms >= self._episode.duration_ms else "pause"
        self._mark(kind)

    def _begin_session(self) -> None:
        self.at_ms = away_from_midnight_ms(self.at_ms)
        self._session = self._recorder.begin_session(self._episode, self.at_ms)
        if self._random.random() < 0.3:
            self._mark("download")
            self.at_ms += self._random.randrange(20 * SECOND_MS)
        self._mark("play")

    def _hear(self, content_ms: int) -> None:
        from_ms = self.position_ms
        to_ms = from_ms + content_ms
        spent_ms = content_ms * 1000 // self._rate_milli
        self.position_ms = to_ms
        self.at_ms += spent_ms
        self.played_ms += spent_ms
        offline = self._offline.at(self.at_ms)
        self._recorder.progress(self._session, self.at_ms, from_ms, to_ms, self._rate_milli, offline)

    def _seek(self) -> None:
        luck = self._random.random()
        if luck < 0.5:
            target_ms = self.position_ms + 30 * SECOND_MS
        elif luck < 0.8:
            target_ms = self.position_ms - 15 * SECOND_MS
        else:
            target_ms = self._random.randrange(self._episode.duration_ms)
        self.position_ms = max(0, min(self._episode.duration_ms - 1, target_ms))

    def _pause(self) -> None:
        self._mark("pause")
        gap_ms = int(self._random.expovariate(1 / (8 * MINUTE_MS))) + SECOND_MS
        self.at_ms += gap_ms
        if gap_ms > NEW_SESSION_AFTER_MS:
            self._begin_session()
        else:
            self._mark("play")

    def _mark(self, kind: str) -> None:
        self._recorder.mark(self._session, kind, self.at_ms, self._offline.at(self.at_ms))
