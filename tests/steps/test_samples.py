"""The samples mean what their expected.json says, read by readers that are not ours."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EDGES, Ran
from tests.golden.expected import expected, found, rows_by_deltalake, rows_by_duckdb
from tests.records.landings import WEEK

READERS = [rows_by_deltalake, rows_by_duckdb]


def assert_equal(read: Callable[..., Any], lake: Path, path: Path) -> None:
    says = found(read, lake)
    for name, value in expected(path).items():
        assert says[name] == value, name


@pytest.mark.spark
@pytest.mark.parametrize("read", READERS)
def test_edges_mean_what_the_contract_says(published_lake: Path, read: Callable[..., Any]) -> None:
    assert_equal(read, published_lake, EDGES / "expected.json")


@pytest.mark.spark
def test_a_later_catalogue_judges_its_records_again(
    podledger: Callable[..., Ran], own_lake: Path, landing: Path
) -> None:
    shutil.copyfile(EDGES / "later" / "episodes.ndjson", landing / "catalog" / "episodes.ndjson")
    ran = podledger("run", "--landing", landing, "--lake", own_lake)
    assert ran.code == 0, ran.err
    for read in READERS:
        assert_equal(read, own_lake, EDGES / "later" / "expected.json")


@pytest.mark.spark
def test_hours_landed_one_by_one_mean_the_same(podledger: Callable[..., Ran], landing: Path, tmp_path: Path) -> None:
    """A device day that only the second hour makes impossible takes the listens of the first along."""
    lake = tmp_path / "lake"
    for hour in ("2026-10-05T12", "2026-10-05T13", "2026-10-14T00"):
        for step in (("land", "--hour", hour), ("count",), ("listens",)):
            ran = podledger(*step, "--landing", landing, "--lake", lake)
            assert ran.code == 0, ran.err
    assert podledger("run", "--landing", landing, "--lake", lake).code == 0
    assert_equal(rows_by_deltalake, lake, EDGES / "expected.json")


@pytest.mark.spark
@pytest.mark.skipif(not WEEK.exists(), reason="the week sample lies beside the work tree only")
def test_a_week_means_what_the_contract_says(podledger: Callable[..., Ran], tmp_path: Path) -> None:
    ran = podledger("run", "--landing", WEEK / "landing", "--lake", tmp_path / "lake")
    assert ran.code == 0, ran.err
    for read in READERS:
        assert_equal(read, tmp_path / "lake", WEEK / "expected.json")
