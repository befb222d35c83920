"""The DuckDB script that throughput is compared with counts what a plain reading counts."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.simulator.simulated import Simulated

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "duckdb_script.py"
INSTANTS = ("first_at", "last_at", "last_received_at")
EXACT = ("heard_ms", "played_ms", "offline_ms", "sessions", "completed", "status", "reasons")


@pytest.fixture(scope="module")
def parquet(week: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script's Parquet files for the simulated week."""
    out = tmp_path_factory.mktemp("duckdb")
    command = [sys.executable, str(SCRIPT), "--landing", str(week.out / "landing"), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return out


def rows(parquet: Path, table: str, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT {columns} FROM '{parquet / table}.parquet'").fetchall()


def test_listens_are_those_of_the_plain_reading(week: Simulated, parquet: Path) -> None:
    instants = ", ".join(f"epoch_ms({name})" for name in INSTANTS)
    key = "listener_id, episode_id, listen_day::VARCHAR"
    found = {
        row[:3]: {"heard": [[part["from_ms"], part["to_ms"]] for part in row[3]]}
        | dict(zip((*EXACT, *INSTANTS), row[4:], strict=True))
        for row in rows(parquet, "listens", f"{key}, heard, {', '.join(EXACT)}, {instants}")
    }
    assert found == week.counted.listens


def test_every_line_and_record_ends_where_it_should(week: Simulated, parquet: Path) -> None:
    assert rows(parquet, "batches", "count(*)") == [(week.counted.batches,)]
    assert dict(rows(parquet, "rejected", "key, reason")) == week.counted.refused
    assert Counter(clock for (clock,) in rows(parquet, "events", "clock")) == week.counted.clocks


def test_device_logs_are_those_of_the_plain_reading(week: Simulated, parquet: Path) -> None:
    columns = "device_id, log_epoch, max_seq, events, to_json(missing), forks"
    found = {
        (device_id, log_epoch): {
            "max_seq": max_seq,
            "events": events,
            "missing": [[gap["from_seq"], gap["to_seq"]] for gap in json.loads(missing)],
            "forks": forks,
        }
        for device_id, log_epoch, max_seq, events, missing, forks in rows(parquet, "device_logs", columns)
    }
    assert found == week.counted.logs
