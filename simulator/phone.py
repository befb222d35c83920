"""One phone through the days of a simulation."""

from copy import copy
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from simulator.catalogue import Episode
from simulator.clock import (
    NEVER_REBOOTS_DAYS,
    Boots,
    WallClock,
    good_offset_ms,
    jumping_clock,
    wrong_offset_ms,
)
from simulator.listening import EXACT_GLIMPSES_MS, RATES_MILLI, Player
from simulator.network import Offline, draw_spells
from simulator.records import Log, Recorder
from simulator.units import DAY_MS, FAR_FUTURE_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from simulator.uplink import Uplink
from simulator.world import World

SESSIONS_PER_DAY = 1.45
MOST_PLAYED_A_DAY_MS = 5 * HOUR_MS // 2
"""No session begins on a day with more; far from an impossible day, whatever the clock does."""

HOUR_WEIGHTS = (2, 1, 1, 1, 1, 2, 5, 9, 10, 7, 5, 5, 6, 5, 5, 5, 7, 10, 10, 8, 7, 8, 7, 4)
"""How much is heard in each local hour."""

HOURS = tuple(accumulate(HOUR_WEIGHTS))


@dataclass(frozen=True, slots=True)
class Traits:
    """What is peculiar about a phone."""

    account_id: str | None
    country: str | None
    utc_offset_hours: int
    kind: str = "plain"
    tells_boot: bool = True
    agent: str | None = None
    """What it calls itself; None for what one of the usual clients does."""


class Phone:
    """A phone, its person's habits, and the client on it."""

    def __init__(self, world: World, random: Random, traits: Traits) -> None:
        plan = world.plan
        end_ms = plan.start_ms + plan.days * DAY_MS
        self._world, self._random, self._traits = world, random, traits
        self._rate_milli = random.choice(RATES_MILLI)
        self._appetite = SESSIONS_PER_DAY * plan.activity * random.choice((0.3, 0.7, 1.0, 2.0))
        self._positions_ms: dict[str, int] = {}
        self._begun: list[Episode] = []
        self._played_on, self._played_ms = 0, 0
        self._free_ms = plan.start_ms
        happens_ms = random.randint(plan.start_ms, (plan.start_ms + end_ms) // 2)
        self._reinstall_ms = happens_ms if traits.kind == "reinstall" else FAR_FUTURE_MS
        self._clone_ms = happens_ms if traits.kind == "clone" else FAR_FUTURE_MS
        self.twins: list[tuple[int, Phone]] = []
        """Phones cloned from this one, and the day from which each is still to live."""
        self.logs = [Log(random, traits.account_id)]
        boots = self._make_boots()
        wall = self._wall_clock(end_ms)
        self._recorder = Recorder(random, self.logs[0], wall, boots, world.broken_records)
        self._offline = self._draw_offline()
        self._uplink = self._make_uplink()

    def live(self, first_day: int = 0) -> None:
        """Listen and sync from a day on, then send what is left."""
        for day in range(first_day, self._world.plan.days):
            for start_ms in self._session_starts(day):
                self._sit_down(start_ms)
                self._happenings(day)
        self.finish()

    def finish(self) -> None:
        """Send what is left and note what never left the phone."""
        self._world.tally["records_never_sent"] += self._uplink.finish(self._free_ms)
        self._world.tally["reboots"] += self._recorder.boots.count

    def _make_boots(self) -> Boots:
        kind, random = self._traits.kind, self._random
        days_between = {"bot": NEVER_REBOOTS_DAYS, "jumping_clock": 1.0}.get(kind, 4.0)
        tells_boot = self._traits.tells_boot
        return Boots(random, self._free_ms, tells_boot=tells_boot, days_between=days_between)

    def _wall_clock(self, end_ms: int) -> WallClock:
        start_ms, kind = self._world.plan.start_ms, self._traits.kind
        if kind == "jumping_clock":
            return jumping_clock(self._random, start_ms, end_ms)
        if kind == "wrong_clock":
            return WallClock([(0, wrong_offset_ms(self._random, start_ms))])
        return WallClock([(0, good_offset_ms(self._random))])

    def _draw_offline(self) -> Offline:
        plan, kind = self._world.plan, self._traits.kind
        if kind == "bot":
            return Offline([])
        jumps = kind == "jumping_clock"
        return draw_spells(
            self._random,
            plan.start_ms,
            plan.days,
            often=0.9 if jumps else self._random.choice((0.05, 0.3, 0.9)),
            long=kind == "long_offline" or (jumps and self._random.random() < 0.5),
            for_ever=kind == "lost_phone",
        )

    def _make_uplink(self) -> Uplink:
        return Uplink(
            self._world,
            self._random,
            self._recorder,
            self._offline,
            self._traits.account_id,
            self._traits.country,
            newest_first=self._traits.kind == "newest_first",
            agent=self._traits.agent,
        )

    def _session_starts(self, day: int) -> list[int]:
        """When sessions are wished for on a day, by the person's own hours."""
        midnight_ms = self._world.plan.start_ms + day * DAY_MS
        count, left = 0, self._random.expovariate(1)
        while left < self._appetite:
            count, left = count + 1, left + self._random.expovariate(1)
        hours = self._random.choices(range(24), cum_weights=HOURS, k=count)
        shift = self._traits.utc_offset_hours
        return sorted(midnight_ms + (hour - shift) % 24 * HOUR_MS + self._random.randrange(HOUR_MS) for hour in hours)

    def _sit_down(self, start_ms: int) -> None:
        start_ms = max(start_ms, self._free_ms + 10 * SECOND_MS)
        start_ms = max(start_ms, self._uplink.sync_until(self._free_ms, start_ms) + SECOND_MS)
        if start_ms // DAY_MS != self._played_on:
            self._played_on, self._played_ms = start_ms // DAY_MS, 0
        if self._played_ms > MOST_PLAYED_A_DAY_MS:
            return
        self._recorder.boots.at(start_ms)
        episode, position_ms, most_ms = self._choose(start_ms)
        player = Player(
            self._random, self._recorder, self._offline, episode, position_ms,
            self._rate_milli, start_ms,
        )  # fmt: skip
        player.play(most_ms)
        ended = player.position_ms >= episode.duration_ms
        self._positions_ms[episode.episode_id] = 0 if ended else player.position_ms
        self._played_ms += player.played_ms
        self._free_ms = player.at_ms
        self._uplink.plan_sync(self._free_ms)

    def _choose(self, at_ms: int) -> tuple[Episode, int, int]:
        """An episode, where to begin and how much to hear of it, both in ms."""
        random = self._random
        if self._begun and random.random() < 0.35:
            episode = random.choice(self._begun[-8:])
        else:
            episode = self._world.catalogue.draw(random, at_ms)
            self._begun.append(episode)
        position_ms = self._positions_ms.get(episode.episode_id, 0)
        if position_ms and random.random() < 0.1:
            position_ms = 0
        if position_ms == 0 and episode.episode_id in self._positions_ms:
            self._world.tally["relistens"] += 1
        luck = random.random()
        if luck < 0.02:
            return episode, position_ms, random.choice(EXACT_GLIMPSES_MS)
        if luck < 0.12:
            return episode, position_ms, random.randint(1_000, 29_999)
        if luck < 0.65:
            return episode, position_ms, 2 * episode.duration_ms
        return episode, position_ms, random.randint(MINUTE_MS, episode.duration_ms)

    def _happenings(self, day: int) -> None:
        if self._free_ms >= self._reinstall_ms:
            self._reinstall_ms = FAR_FUTURE_MS
            self.logs.append(Log(self._random, self._traits.account_id))
            lost = self._recorder.reinstall(self.logs[-1])
            self._world.tally["records_lost_by_reinstall"] += lost
            self._world.tally["reinstalls"] += 1
            self._positions_ms.clear()
        if self._free_ms >= self._clone_ms:
            self._clone_ms = FAR_FUTURE_MS
            self._world.tally["clones"] += 1
            self.twins.append((day + 1, self._clone()))

    def _clone(self) -> "Phone":
        """A second phone restored from this one's backup, which heard something since."""
        twin, plan = copy(self), self._world.plan
        twin._random = random = Random(f"{plan.seed}/twin/{self.logs[0].device_id}")
        twin._positions_ms, twin._begun = dict(self._positions_ms), list(self._begun)
        twin.twins = []
        wall = WallClock([(0, good_offset_ms(random))])
        twin._recorder = self._recorder.twin(random, wall, twin._make_boots())
        twin._uplink = twin._make_uplink()
        twin._sit_down(self._free_ms + HOUR_MS)
        return twin
