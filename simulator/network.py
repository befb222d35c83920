"""When a phone has no network: minutes on a train, hours in the air, weeks at sea, for ever."""

from bisect import bisect
from random import Random

from simulator.units import DAY_MS, FAR_FUTURE_MS, HOUR_MS, MINUTE_MS


class Offline:
    """The offline spells of one phone."""

    def __init__(self, spells: list[tuple[int, int]]) -> None:
        """`spells` are half-open (from ms, until ms) in any order, overlapping or not."""
        self._edges_ms = [-FAR_FUTURE_MS]
        for from_ms, until_ms in sorted(spells):
            if from_ms <= self._edges_ms[-1]:
                self._edges_ms[-1] = max(self._edges_ms[-1], until_ms)
            else:
                self._edges_ms += [from_ms, until_ms]
        self._edges_ms.append(FAR_FUTURE_MS)
        self._from_ms, self._until_ms, self._offline = 0, 0, 0

    def at(self, at_ms: int) -> int:
        """1 when the phone has no network at an instant, else 0."""
        if not self._from_ms <= at_ms < self._until_ms:
            index = bisect(self._edges_ms, at_ms)
            self._from_ms, self._until_ms = self._edges_ms[index - 1], self._edges_ms[index]
            self._offline = 1 - index % 2
        return self._offline

    def online_from_ms(self, at_ms: int) -> int:
        """The first instant not before `at_ms` with network; FAR_FUTURE_MS when never again."""
        return self._until_ms if self.at(at_ms) else at_ms


def draw_spells(random: Random, start_ms: int, days: int, *, often: float, long: bool, for_ever: bool) -> Offline:
    """Spells of a phone: `often` short ones a day; a long one of days to weeks; lost for good."""
    spells = []
    for day in range(days):
        if random.random() < often:
            from_ms = start_ms + day * DAY_MS + random.randrange(DAY_MS)
            length_ms = (
                random.randint(3 * MINUTE_MS, 90 * MINUTE_MS)
                if random.random() < 0.8
                else random.randint(2 * HOUR_MS, 20 * HOUR_MS)
            )
            spells.append((from_ms, from_ms + length_ms))
    within_ms = max(HOUR_MS, days * DAY_MS * 3 // 5)
    if long:
        from_ms = start_ms + random.randrange(within_ms)
        spells.append((from_ms, from_ms + random.randint(2 * DAY_MS, 35 * DAY_MS)))
    if for_ever:
        spells.append((start_ms + within_ms // 2 + random.randrange(within_ms), FAR_FUTURE_MS))
    return Offline(spells)
