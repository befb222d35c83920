"""The lake that freezing is measured on is a true one: the check of what was frozen passes."""

from pathlib import Path

import pytest

from benchmarks.freezing import SECONDS, TASKS, freeze, opened
from benchmarks.freezing_lake import made


@pytest.mark.spark
def test_a_drawn_month_is_frozen_as_it_was_known(tmp_path: Path) -> None:
    work = opened(made(tmp_path / "lake", 2_000))
    try:
        listens, checks = freeze(work)
    finally:
        work.close()
    assert (listens, checks > 0) == (2_000, True)
    assert set(SECONDS) == set(TASKS)
