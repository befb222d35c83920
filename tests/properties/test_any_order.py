"""Any order, split into runs and among tasks, copies, catalogues in between: the same tables, and the right ones."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.steps import count, listens
from jobs.steps.shares import ROWS_OF_SHARE, Share, shares
from tests.conftest import Ran
from tests.properties.tables import as_found, as_read, content, versions
from tests.properties.worlds import CATALOGUES, Arrangement, arrangements, line_sets, write_run

EXAMPLES = int(os.environ.get("TEST_EXAMPLES", "2"))
STEPS = ("land", "count", "listens")
slow = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    derandomize=EXAMPLES < 10,
)


def landed(podledger: Callable[..., Ran], folder: Path, arrangement: Arrangement) -> Path:
    """A lake in which the arrangement was landed, counted and turned into listens, run by run."""
    lake, landing = folder / "lake", folder / "landing"
    for number in range(len(arrangement.runs)):
        write_run(landing, number, arrangement)
        for step in STEPS:
            ran = podledger(step, "--landing", landing, "--lake", lake)
            assert ran.code == 0, ran.err
    return lake


def four_shares(rows: int) -> list[Share]:
    """As of many rows, however few there are."""
    del rows
    return shares(4 * ROWS_OF_SHARE)


@st.composite
def two_arrangements(draw: st.DrawFn) -> tuple[Arrangement, Arrangement]:
    lines = draw(line_sets())
    catalogues = draw(CATALOGUES)
    return draw(arrangements(lines, catalogues)), draw(arrangements(lines, catalogues))


@pytest.mark.spark
@pytest.mark.timeout(300 * EXAMPLES)
@slow
@given(both=two_arrangements())
def test_tables_are_those_of_the_contract_however_lines_land(
    podledger: Callable[..., Ran], both: tuple[Arrangement, Arrangement]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="podledger-"))
    try:
        one = landed(podledger, folder / "one", both[0])
        assert as_found(one) == as_read(both[0].lines, both[0].known)
        with pytest.MonkeyPatch.context() as patch:
            for module in (count, listens):
                patch.setattr(module, "shares", four_shares)
            other = landed(podledger, folder / "other", both[1])
        assert content(other) == content(one)
        before = versions(other)
        for step in STEPS:
            assert podledger(step, "--landing", folder / "other" / "landing", "--lake", other).code == 0
        assert versions(other) == before
    finally:
        shutil.rmtree(folder)
