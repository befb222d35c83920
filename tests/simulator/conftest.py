"""One simulation that all tests may read, and its plain reading."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from plain_reading import Counted, read_landing

from simulator.plan import Plan, make_plan
from simulator.simulation import simulate

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


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """128 devices, six days, three times the usual trouble."""
    out = tmp_path_factory.mktemp("week")
    plan = make_plan(
        seed=11, days=6, start=START, devices=128, oddities=3.0, duplicate_files=2, damaged_files=1
    )
    tally = simulate(plan, out, processes=1, report=quiet)
    damaged = next((out / "landing").glob("sync/*/*/damaged-*.gz"))
    damaged.rename(out / "damaged.gz")
    return Simulated(plan, out, tally, read_landing(out / "landing"))
