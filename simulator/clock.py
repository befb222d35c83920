"""What a phone's clocks show: a wall clock that may be wrong or jump, and boots."""

from bisect import bisect
from dataclasses import dataclass
from random import Random

from simulator.units import DAY_MS, FAR_FUTURE_MS, HOUR_MS, MINUTE_MS, SECOND_MS

GOOD_CLOCK_MS = 40 * SECOND_MS
"""A good clock is never further off than this."""

NEVER_REBOOTS_DAYS = 0.0


@dataclass(frozen=True, slots=True)
class Boot:
    """One time the phone was started. `boot_id` is empty where the client tells none."""

    boot_id: str
    started_ms: int


class WallClock:
    """A wall clock as offsets from the truth, each from an instant on."""

    def __init__(self, offsets: list[tuple[int, int]]) -> None:
        """`offsets` are (from instant ms, offset ms), sorted; before the first, the first holds."""
        self._from_ms = [from_ms for from_ms, _ in offsets]
        self._offsets_ms = [offset_ms for _, offset_ms in offsets]
        self.offset_ms = self._offsets_ms[0]
        self.next_jump_ms = self._from_ms[1] if len(offsets) > 1 else FAR_FUTURE_MS

    def advance(self, at_ms: int) -> int:
        """Move to an instant, never an earlier one, and give the offset there."""
        index = max(1, bisect(self._from_ms, at_ms))
        self.offset_ms = self._offsets_ms[index - 1]
        more = index < len(self._from_ms)
        self.next_jump_ms = self._from_ms[index] if more else FAR_FUTURE_MS
        return self.offset_ms


def good_offset_ms(random: Random) -> int:
    """How far a good clock is off."""
    return max(-GOOD_CLOCK_MS, min(GOOD_CLOCK_MS, int(random.gauss(0, 6 * SECOND_MS))))


def wrong_offset_ms(random: Random, now_ms: int) -> int:
    """How far a wrong clock is off: minutes, a time zone, days, years, or stuck near 1970."""
    sign = random.choice((-1, 1))
    kind = random.randrange(6)
    if kind == 0:
        return sign * random.randint(4 * MINUTE_MS, 2 * HOUR_MS)
    if kind == 1:
        return sign * random.randint(1, 12) * HOUR_MS + random.randint(-5_000, 5_000)
    if kind == 2:
        return sign * random.randint(DAY_MS, 20 * DAY_MS)
    if kind == 3:
        return random.randint(300 * DAY_MS, 1_000 * DAY_MS)
    if kind == 4:
        return -random.randint(410 * DAY_MS, 3_000 * DAY_MS)
    return -now_ms + random.randint(-DAY_MS, DAY_MS)


def jumping_clock(random: Random, start_ms: int, end_ms: int) -> WallClock:
    """A clock set wrong or right one to three times between two instants."""
    jumps_ms = sorted(random.randint(start_ms, end_ms) for _ in range(random.randint(1, 3)))
    wrong = random.random() < 0.6
    offsets = []
    for from_ms in [0, *jumps_ms]:
        offset_ms = wrong_offset_ms(random, start_ms) if wrong else good_offset_ms(random)
        offsets.append((from_ms, offset_ms))
        wrong = not wrong
    return WallClock(offsets)


class Boots:
    """The boots of one phone, drawn as time goes on."""

    def __init__(self, random: Random, start_ms: int, *, tells_boot: bool, days_between: float) -> None:
        """A phone that reboots every `days_between` days or so, never for NEVER_REBOOTS_DAYS."""
        self._random = random
        self._tells_boot = tells_boot
        self._mean_ms = days_between * DAY_MS
        self.count = 0
        self.current = self._boot(start_ms - random.randint(HOUR_MS, 6 * DAY_MS))
        self._next_ms = self._draw_next_ms(start_ms)

    def at(self, at_ms: int) -> Boot:
        """The boot the phone runs in at an instant, never an earlier one than asked before."""
        while self._next_ms <= at_ms:
            self.current = self._boot(self._next_ms)
            self.count += 1
            self._next_ms = self._draw_next_ms(self._next_ms)
        return self.current

    def _boot(self, started_ms: int) -> Boot:
        boot_id = f"b{self._random.getrandbits(40):010x}"
        return Boot(boot_id if self._tells_boot else "", started_ms)

    def _draw_next_ms(self, after_ms: int) -> int:
        if not self._mean_ms:
            return FAR_FUTURE_MS
        return after_ms + HOUR_MS + int(self._random.expovariate(1 / self._mean_ms))
