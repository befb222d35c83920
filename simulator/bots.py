"""Bots: phones that play more in a day than a day has."""

from simulator.phone import Phone
from simulator.units import DAY_MS, HOUR_MS, MINUTE_MS

PIECE_MS = 10 * MINUTE_MS
RATES_MILLI = (500, 1000)
LEAST_PLAYED_MS, MOST_PLAYED_MS = 28 * HOUR_MS, 60 * HOUR_MS
"""Far enough above 24 h that refused records never bring a day below."""

FAVOURITES = 6
"""A bot plays so few episodes again and again."""

MARGIN_MS = 20 * MINUTE_MS


class Bot(Phone):
    """Plays many episodes at once, inside one UTC day, in pieces of ten minutes of content."""

    def live(self, first_day: int = 0) -> None:
        """Play on most days, at least on the first, and sync before midnight."""
        plan = self._world.plan
        for day in range(first_day, plan.days):
            if day == first_day or self._random.random() < 0.6:
                self._play_day(plan.start_ms + day * DAY_MS)
                self._world.tally["impossible_days"] += 1
        self.finish()

    def _play_day(self, midnight_ms: int) -> None:
        self._free_ms = midnight_ms + DAY_MS - MARGIN_MS
        left_ms = self._random.randint(LEAST_PLAYED_MS, MOST_PLAYED_MS)
        while left_ms > 0:
            left_ms -= self._play_one(midnight_ms)
        self._uplink.plan_sync(self._free_ms)
        self._free_ms = self._uplink.sync_until(self._free_ms, self._free_ms + HOUR_MS)

    def _play_one(self, midnight_ms: int) -> int:
        """Play one episode to its end; time spent, in ms."""
        if len(self._begun) < FAVOURITES:
            self._begun.append(self._world.catalogue.draw(self._random, midnight_ms))
        episode = self._random.choice(self._begun)
        rate_milli = self._random.choice(RATES_MILLI)
        whole_ms = episode.duration_ms * 1000 // rate_milli
        latest_ms = DAY_MS - 2 * MARGIN_MS - whole_ms
        at_ms = midnight_ms + MARGIN_MS + self._random.randrange(latest_ms)
        session = self._recorder.begin_session(episode, at_ms)
        self._recorder.mark(session, "play", at_ms, 0)
        for from_ms in range(0, episode.duration_ms, PIECE_MS):
            to_ms = min(from_ms + PIECE_MS, episode.duration_ms)
            at_ms += (to_ms - from_ms) * 1000 // rate_milli
            self._recorder.progress(session, at_ms, from_ms, to_ms, rate_milli, 0)
        self._recorder.mark(session, "complete", at_ms, 0)
        return whole_ms
