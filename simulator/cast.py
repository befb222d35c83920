"""Who is planted: frauds, each by the rule that should find it, and people who look odd and are honest."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from simulator.catalogue import SHOWS_PER_CREATOR, Episode
from simulator.periods import next_cut_off_ms
from simulator.phone import Traits
from simulator.scripted import Play, Scripted, whole_episodes
from simulator.units import DAY_MS, HOUR_MS, MINUTE_MS
from simulator.world import World

MANY_LISTENS_A_DAY = 310
RING_OF_PATTERN, RING_AT_THRESHOLD, RING_OF_BURST = 30, 40, 15
SENT_BEFORE_CUT_OFF_MS = 40 * HOUR_MS
SHOWS_OF_A_SET = 4
"""Each set of frauds has so many shows of its own, of those that hardly anybody hears."""
MACHINES = ("Googlebot/2.1", "HeadlessChrome/131.0")
FILE = "cast.ndjson"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a set is played on: the world, its random numbers, its shows' episodes, and all that are out already."""

    world: World
    random: Random
    shows: Sequence[Sequence[Episode]]
    published: Sequence[Episode]

    def day_ms(self, day: int) -> int:
        """The first millisecond of a day of the simulation."""
        return self.world.plan.start_ms + day * DAY_MS

    @property
    def days(self) -> range:
        """The days of the simulation."""
        return range(self.world.plan.days)


@dataclass(frozen=True, slots=True)
class Script:
    """What a phone plays, the half-open spells in which it is away, and what it calls itself (None: a usual client)."""

    plays: list[Play]
    away_ms: list[tuple[int, int]] = field(default_factory=list)
    agent: str | None = None


Household = list[Script]


def _many_listens(stage: Stage) -> Iterator[Household]:
    plays = []
    for day in stage.days[:3]:
        at_ms = stage.day_ms(day) + 8 * HOUR_MS
        for episode in stage.random.sample(stage.published, MANY_LISTENS_A_DAY):
            heard_ms = stage.random.randint(40_000, 60_000)
            plays.append(Play(at_ms, episode, ((0, heard_ms),)))
            at_ms += heard_ms + 5_000
    yield [Script(plays)]


def _active_hours(stage: Stage) -> Iterator[Household]:
    plays = []
    for day in stage.days[:5]:
        midnight_ms = stage.day_ms(day)
        plays += whole_episodes(stage.random, stage.published, midnight_ms + 5 * MINUTE_MS, midnight_ms + 23 * HOUR_MS)
    yield [Script(plays)]


def _same_pattern(stage: Stage) -> Iterator[Household]:
    episodes = stage.shows[0][:3]
    for _ in range(RING_OF_PATTERN):
        at_ms = stage.day_ms(stage.random.choice(stage.days)) + stage.random.randrange(6, 20) * HOUR_MS
        plays = []
        for episode in episodes:
            whole_ms = episode.duration_ms
            stretches = ((0, whole_ms // 5 + 123), (whole_ms // 2, whole_ms // 2 + whole_ms // 6))
            plays.append(Play(at_ms, episode, stretches))
            at_ms += plays[-1].lasts_ms + MINUTE_MS
        yield [Script(plays)]


def _at_threshold(stage: Stage) -> Iterator[Household]:
    for _ in range(RING_AT_THRESHOLD):
        at_ms = stage.day_ms(stage.random.choice(stage.days)) + stage.random.randrange(6, 20) * HOUR_MS
        heard_ms = 30_000 + stage.random.randint(100, 4_900)
        yield [Script([Play(at_ms, stage.shows[1][0], ((0, heard_ms),))])]


def _backdated_burst(stage: Stage) -> Iterator[Household]:
    sent_ms = next_cut_off_ms(stage.world.plan.start_ms) - SENT_BEFORE_CUT_OFF_MS
    for _ in range(RING_OF_BURST):
        plays = []
        for day in stage.days[:6]:
            at_ms = stage.day_ms(day) + stage.random.randrange(6, 18) * HOUR_MS
            plays += whole_episodes(stage.random, stage.shows[2], at_ms, at_ms + 4 * HOUR_MS)[:2]
        yield [Script(plays, [(stage.day_ms(0), sent_ms + stage.random.randrange(HOUR_MS))])]


def _more_than_paid(stage: Stage) -> Iterator[Household]:
    creator = stage.shows[3][0].show // SHOWS_PER_CREATOR
    episodes = [one for one in stage.published if one.show // SHOWS_PER_CREATOR == creator]
    plays = []
    for day in stage.days:
        at_ms = stage.day_ms(day) + 7 * HOUR_MS
        plays += whole_episodes(stage.random, episodes, at_ms, at_ms + 13 * HOUR_MS)
    yield [Script(plays)]


def _daily(stage: Stage, from_h: int, until_h: int, rate_milli: int = 1000) -> list[Play]:
    """Whole episodes in these hours of every day."""
    return [
        play
        for day in stage.days
        for play in whole_episodes(
            stage.random,
            stage.published,
            stage.day_ms(day) + from_h * HOUR_MS + 5 * MINUTE_MS,
            stage.day_ms(day) + until_h * HOUR_MS,
            rate_milli,
        )
    ]


def _bot_agent(stage: Stage) -> Iterator[Household]:
    yield [Script(_daily(stage, 2, 5), agent=stage.random.choice(MACHINES))]


def _family(stage: Stage) -> Iterator[Household]:
    yield [Script(_daily(stage, from_h, from_h + 4)) for from_h in (6, 9, 14, 17)]


def _sleeper(stage: Stage) -> Iterator[Household]:
    yield [Script(_daily(stage, 0, 8) + _daily(stage, 20, 23))]


def _at_sea(stage: Stage) -> Iterator[Household]:
    yield [Script(_daily(stage, 18, 21), [(stage.day_ms(1), stage.day_ms(22))])]


def _triple_speed(stage: Stage) -> Iterator[Household]:
    yield [Script(_daily(stage, 8, 12, rate_milli=3000))]


FRAUDS: dict[str, Callable[[Stage], Iterator[Household]]] = {
    "many_listens": _many_listens,
    "active_hours": _active_hours,
    "same_pattern": _same_pattern,
    "at_threshold": _at_threshold,
    "backdated_burst": _backdated_burst,
    "more_than_paid": _more_than_paid,
    "bot_agent": _bot_agent,
}
HONEST: dict[str, Callable[[Stage], Iterator[Household]]] = {
    "family": _family,
    "sleeper": _sleeper,
    "at_sea": _at_sea,
    "triple_speed": _triple_speed,
}


def live_cast(world: World, folder: Path) -> None:
    """Lets everybody planted live, and writes who they are to `folder`/cast.ndjson: `listener_id, role, fraud`."""
    plan = world.plan
    random = Random(f"{plan.seed}/cast")
    published = [one for one in world.catalogue.episodes if one.published_ms <= plan.start_ms]
    shows = unpopular_shows(published)
    with (folder / FILE).open("w", encoding="utf-8") as file:
        for number in range(plan.frauds):
            own = shows[number * SHOWS_OF_A_SET : (number + 1) * SHOWS_OF_A_SET]
            stage = Stage(world, random, own, published)
            for role, play in {**FRAUDS, **HONEST}.items():
                for household in play(stage):
                    listener_id = _live(world, random, household)
                    row = {"listener_id": listener_id, "role": role, "fraud": role in FRAUDS}
                    file.write(json.dumps(row) + "\n")
                    world.tally[f"planted:{role}"] += 1


def _live(world: World, random: Random, household: Household) -> str:
    account_id = f"acct-{random.getrandbits(80):020x}"
    phones = []
    machines: set[str] = set()
    for script in household:
        own, traits = Random(random.getrandbits(128)), Traits(account_id, "DE", 1, agent=script.agent)
        phones.append(Scripted(world, own, traits, script.plays, script.away_ms))
        phones[-1].perform()
        machines |= {log.device_id for log in phones[-1].logs if script.agent}
    world.truth.household([log for phone in phones for log in phone.logs], set(), machines)
    return account_id


def unpopular_shows(published: Sequence[Episode]) -> list[list[Episode]]:
    """The episodes of each show, shortest first, the show that is heard least before all others.

    Episodes come by popularity: a show is as popular as its best one. Shows with few episodes out are left out.
    """
    best: dict[int, int] = {}
    for rank, episode in enumerate(published):
        best.setdefault(episode.show, rank)
    order = sorted(best, key=lambda show: -best[show])
    by_show = {
        show: sorted((one for one in published if one.show == show), key=lambda one: one.duration_ms) for show in order
    }
    return [by_show[show] for show in order if len(by_show[show]) > 3]
