"""The clocks of a device: one on the wall, which may be wrong, and one that only goes on."""

import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Now:
    """One look at both clocks, ms. ``boot_id`` changes with every start of the device."""

    wall_ms: int
    boot_id: str | None
    mono_ms: int | None


class Clock(Protocol):
    """What tells a device the time."""

    def now(self) -> Now:
        """Both clocks."""


class SystemClock:
    """The clocks of this computer."""

    def now(self) -> Now:
        """The wall clock, and the time since boot with sleep included."""
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return Now(time.time_ns() // 1_000_000, boot_id, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)


@dataclass(slots=True)
class SimulatedClock:
    """Time that goes on when it is told to. ``wall_error_ms`` is how wrong the wall clock is."""

    true_ms: int
    wall_error_ms: int = 0
    booted_ms: int = 0
    boot_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        """The device was started at its first moment, unless said otherwise."""
        self.booted_ms = self.booted_ms or self.true_ms

    def now(self) -> Now:
        """Both clocks at the moment."""
        return Now(self.true_ms + self.wall_error_ms, self.boot_id, self.true_ms - self.booted_ms)

    def advance(self, ms: int) -> None:
        """Lets time go on."""
        self.true_ms += ms

    def reboot(self) -> None:
        """Starts the device again."""
        self.boot_id = uuid.uuid4().hex
        self.booted_ms = self.true_ms
