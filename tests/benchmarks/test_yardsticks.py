"""What others count the edges sample as: the DuckDB and the Polars script, and the textbook pipeline."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.agreement import DisagreementError, assert_same_listens, parquet_listens
from benchmarks.contestants import CONTESTANTS

EDGES = Path(__file__).resolve().parents[1] / "golden" / "edges"
LAST_VALUE_HOLDS = "d-dup-key"
"""Of a key that repeats inside a record, DuckDB's and Polars' readers take the first value."""


@pytest.fixture(scope="module", params=["duckdb", "polars", pytest.param("textbook", marks=pytest.mark.spark)])
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, pa.Table]:
    """A contestant's name and the listens it finds."""
    contestant = CONTESTANTS[request.param]
    out = tmp_path_factory.mktemp(contestant.name) / "out"
    command = [*contestant.command, *contestant.arguments(EDGES / "landing", out)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    assert contestant.own_s(said.stdout) > 0
    return contestant.name, contestant.listens(out)


def test_listens_are_those_of_the_contract(counted: tuple[str, pa.Table]) -> None:
    name, listens = counted
    expected = json.loads((EDGES / "expected.json").read_text())["listens"]
    if name != "textbook":
        expected = {key: row for key, row in expected.items() if row["listener_id"] != LAST_VALUE_HOLDS}
    found = {row["listen_id"]: as_expected(row) for row in listens.to_pylist()}
    assert found == expected


def as_expected(row: dict[str, Any]) -> dict[str, Any]:
    """A listen as the sample's expectation writes it."""
    left_out = ("listen_id", "evidence", "show_id", "creator_id")
    kept = {name: value for name, value in row.items() if name not in left_out}
    kept["listen_day"] = f"{row['listen_day']}"
    kept["heard"] = [[piece["from_ms"], piece["to_ms"]] for piece in row["heard"]]
    for name in ("first_at", "last_at", "last_received_at"):
        kept[name] = pa.scalar(row[name]).cast(pa.timestamp("ms")).value
    return kept


def test_a_listen_that_differs_is_told(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "duckdb_script.py"
    command = [sys.executable, str(script), "--landing", str(EDGES / "landing"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    listens = parquet_listens(tmp_path)
    assert_same_listens(listens, listens, ("one", "other"))
    with pytest.raises(DisagreementError, match="1 listens of one are not those of other, 0 the other way"):
        assert_same_listens(listens, listens.slice(1), ("one", "other"))
