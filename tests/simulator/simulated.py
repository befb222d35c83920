"""What the tests of the simulator share."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from simulator.plan import Plan
from tests.simulator.plain_reading import Counted

START = dt.date(2026, 10, 1)


def quiet(done: int, parts: int, records: int) -> None:
    """A report that says nothing."""


@dataclass(frozen=True, repr=False)
class Simulated:
    """A finished simulation."""

    plan: Plan
    out: Path
    tally: Counter[str]
    counted: Counted
