"""A phone that does what a script says, for people and frauds whose doings must be known."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from simulator.catalogue import Episode
from simulator.network import Offline
from simulator.phone import Phone, Traits
from simulator.units import MINUTE_MS, SECOND_MS
from simulator.world import World

PIECE_MS = 5 * MINUTE_MS
"""A progress record is written after so much time."""
BETWEEN_PLAYS_MS = 15 * SECOND_MS


@dataclass(frozen=True, slots=True)
class Play:
    """Stretches of one episode, `(from ms, to ms)` of its content, heard one after the other from an instant on."""

    at_ms: int
    episode: Episode
    stretches_ms: tuple[tuple[int, int], ...]
    rate_milli: int = 1000

    @property
    def lasts_ms(self) -> int:
        """Time it takes."""
        return sum(to_ms - from_ms for from_ms, to_ms in self.stretches_ms) * 1000 // self.rate_milli


class Scripted(Phone):
    """A phone with plays instead of habits; `away_ms` are half-open spells without a network."""

    def __init__(
        self,
        world: World,
        random: Random,
        traits: Traits,
        plays: Sequence[Play],
        away_ms: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._plays = sorted(plays, key=lambda play: play.at_ms)
        self._away_ms = list(away_ms)
        super().__init__(world, random, traits)

    def _draw_offline(self) -> Offline:
        return Offline(self._away_ms)

    def perform(self) -> None:
        """Play all there is in the script, and send what is left."""
        for play in self._plays:
            self._play(play)
        self.finish()

    def _play(self, play: Play) -> None:
        at_ms = max(play.at_ms, self._free_ms + SECOND_MS)
        at_ms = max(at_ms, self._uplink.sync_until(self._free_ms, at_ms) + SECOND_MS)
        self._recorder.boots.at(at_ms)
        session = self._recorder.begin_session(play.episode, at_ms)
        self._recorder.mark(session, "play", at_ms, self._offline.at(at_ms))
        for from_ms, to_ms in play.stretches_ms:
            while from_ms < to_ms:
                piece_ms = min(PIECE_MS * play.rate_milli // 1000, to_ms - from_ms)
                at_ms += piece_ms * 1000 // play.rate_milli
                offline = self._offline.at(at_ms)
                self._recorder.progress(session, at_ms, from_ms, from_ms + piece_ms, play.rate_milli, offline)
                from_ms += piece_ms
        self._recorder.mark(session, "pause", at_ms, self._offline.at(at_ms))
        self._free_ms = at_ms
        self._uplink.plan_sync(at_ms)


def whole_episodes(
    random: Random, episodes: Sequence[Episode], at_ms: int, until_ms: int, rate_milli: int = 1000
) -> list[Play]:
    """Whole episodes in a row, none begun that would end later than `until_ms`."""
    plays: list[Play] = []
    for _ in range(1_000):
        episode = random.choice(episodes)
        play = Play(at_ms, episode, ((0, episode.duration_ms),), rate_milli)
        if at_ms + play.lasts_ms > until_ms:
            break
        plays.append(play)
        at_ms += play.lasts_ms + BETWEEN_PLAYS_MS
    return plays
