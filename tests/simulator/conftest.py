"""One simulation that all tests may read, and its plain reading."""

import pytest

from simulator.plan import make_plan
from simulator.simulation import simulate
from tests.simulator.plain_reading import read_landing
from tests.simulator.simulated import START, Simulated, quiet


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """128 devices, six days, three times the usual trouble."""
    out = tmp_path_factory.mktemp("week")
    plan = make_plan(seed=11, days=6, start=START, devices=128, oddities=3.0, duplicate_files=2, damaged_files=1)
    tally = simulate(plan, out, processes=1, report=quiet)
    damaged = next((out / "landing").glob("sync/*/*/damaged-*.gz"))
    damaged.rename(out / "damaged.gz")
    return Simulated(plan, out, tally, read_landing(out / "landing"))
