"""What is asked of one simulation, checked before any work is done."""

import datetime as dt
from dataclasses import dataclass
from math import ceil

from simulator.units import day_start_ms

BLOCK_DEVICES = 64
"""Devices that share one deck of traits; the smallest unit of work."""

MAX_PARTS = 16
"""Parts a simulation is made in; fixed, so that the result never depends on the processes."""

RECORDS_PER_DEVICE_DAY = 67
"""Records a device lands on an average day at activity 1, copies included (measured)."""

MAX_RECORDS_PER_DEVICE_DAY = 130
DEFAULT_DEVICES = 100
FRAUD_DEVICES, DEVICES_PER_FRAUD, FRAUD_DAYS = 320, 80, 7
"""Frauds want a catalogue of some 350 episodes, shows that few others hear, and a week."""
FIRST_START = dt.date(2015, 1, 1)
LAST_START = dt.date(2100, 1, 1)


class PlanError(ValueError):
    """The simulation cannot be made as asked; the text says what to change."""


@dataclass(frozen=True)
class Plan:
    """One simulation. The same plan always makes the same bytes."""

    seed: int
    devices: int
    days: int
    start_ms: int
    activity: float = 1.0
    oddities: float = 1.0
    duplicate_files: int = 0
    damaged_files: int = 0
    frauds: int = 0
    finance: bool = False

    @property
    def blocks(self) -> int:
        """How many blocks of devices there are."""
        return ceil(self.devices / BLOCK_DEVICES)

    @property
    def parts(self) -> list[range]:
        """The blocks of each part, in order."""
        size = ceil(self.blocks / MAX_PARTS)
        return [range(first, min(first + size, self.blocks)) for first in range(0, self.blocks, size)]

    @property
    def shows(self) -> int:
        """How many shows the catalogue has."""
        return max(8, min(2_000, self.devices // 10))


def make_plan(
    *,
    seed: int,
    days: int,
    start: dt.date,
    devices: int | None = None,
    records: int | None = None,
    oddities: float = 1.0,
    duplicate_files: int = 0,
    damaged_files: int = 0,
    frauds: int = 0,
    finance: bool = False,
) -> Plan:
    """A checked plan; `records` (about how many land) sets the devices, or how busy they are.

    `frauds` sets of everybody planted live besides, `finance` writes what finance keeps beside the landing folder.

    Raises PlanError where a number is out of range.
    """
    _at_least("--days", days, 1)
    _at_least("--devices", devices, 1)
    _at_least("--records", records, 1)
    _at_least("--duplicate-files", duplicate_files, 0)
    _at_least("--damaged-files", damaged_files, 0)
    _at_least("--frauds", frauds, 0)
    if not 0 <= oddities <= 20:
        raise PlanError(f"--oddities is {oddities}; give a factor from 0 (none) to 20")
    if not FIRST_START <= start <= LAST_START:
        raise PlanError(f"--start is {start}; give a date from {FIRST_START} to {LAST_START}")
    if devices is None:
        devices = DEFAULT_DEVICES if records is None else _devices_for(records, days)
    _check_room(frauds, devices, days)
    return Plan(
        seed=seed,
        devices=devices,
        days=days,
        start_ms=day_start_ms(start),
        activity=1.0 if records is None else _activity_for(records, devices, days),
        oddities=float(oddities),
        duplicate_files=duplicate_files,
        damaged_files=damaged_files,
        frauds=frauds,
        finance=finance,
    )


def _check_room(frauds: int, devices: int, days: int) -> None:
    """Raise PlanError where frauds have too few shows of their own, episodes or days to do what they do."""
    needed = max(FRAUD_DEVICES, frauds * DEVICES_PER_FRAUD)
    if frauds and devices < needed:
        raise PlanError(f"--frauds {frauds} needs more shows than {devices} devices hear; give --devices {needed}")
    if frauds and days < FRAUD_DAYS:
        raise PlanError(f"--frauds needs --days {FRAUD_DAYS} or more")


def _at_least(name: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise PlanError(f"{name} is {value}; give {least} or more")


def _devices_for(records: int, days: int) -> int:
    return max(1, round(records / (days * RECORDS_PER_DEVICE_DAY)))


def _activity_for(records: int, devices: int, days: int) -> float:
    per_device_day = records / (devices * days)
    if per_device_day > MAX_RECORDS_PER_DEVICE_DAY:
        needed = ceil(records / (days * MAX_RECORDS_PER_DEVICE_DAY))
        raise PlanError(
            f"--records {records} is more than {devices} devices hear in {days} days; "
            f"give --devices {needed} or more, or leave --devices out"
        )
    return per_device_day / RECORDS_PER_DEVICE_DAY
