"""Killed at any moment and run again: the tables of an undisturbed run, and whole publications all along."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.conftest import EDGES
from tests.properties.tables import content

PODLEDGER = Path(sys.executable).with_name("podledger")
TABLES = ("silver/events", "silver/rejected", "silver/device_logs", "silver/listens", "silver/impossible_days")


def run(landing: Path, lake: Path) -> "subprocess.Popen[bytes]":
    command = [str(part) for part in (PODLEDGER, "run", "--landing", landing, "--lake", lake)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(landing: Path, lake: Path) -> float:
    """Runs to the end; returns the seconds it took."""
    started = time.monotonic()
    assert run(landing, lake).wait() == 0
    return time.monotonic() - started


def assert_published_is_whole(lake: Path) -> None:
    """Whatever is published can be read, every table at its version."""
    current = lake / "_published" / "current.json"
    if current.exists():
        for name, version in json.loads(current.read_text(encoding="utf-8"))["tables"].items():
            DeltaTable(str(lake / name), version=version).to_pyarrow_table()


def kill_after(seconds: float, landing: Path, lake: Path) -> bool:
    """Kills a run after so many seconds; whether it was still at work."""
    process = run(landing, lake)
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return True


def assert_survives(landing: Path, first: Path, folder: Path, kills: int) -> None:
    """Runs over a first publication, killed once each at random moments, then run to the end."""
    undisturbed = folder / "undisturbed"
    shutil.copytree(first, undisturbed)
    seconds = finish(landing, undisturbed)
    wanted = content(undisturbed, TABLES)
    moments = random.Random(7)
    for number in range(kills):
        lake = folder / f"killed-{number}"
        shutil.copytree(first, lake)
        kill_after(seconds * moments.uniform(0.05, 0.95), landing, lake)
        assert_published_is_whole(lake)
        finish(landing, lake)
        assert_published_is_whole(lake)
        assert content(lake, TABLES) == wanted, f"kill {number}"
        shutil.rmtree(lake)


@pytest.mark.spark
def test_a_killed_run_leaves_what_an_undisturbed_one_does(published_lake: Path, landing: Path, tmp_path: Path) -> None:
    shutil.copyfile(EDGES / "later" / "episodes.ndjson", landing / "catalog" / "episodes.ndjson")
    assert_survives(landing, published_lake, tmp_path, kills=1)


@pytest.mark.prove
@pytest.mark.timeout(7200)
def test_twenty_kills_over_three_hundred_thousand_records(tmp_path: Path) -> None:
    made = [str(PODLEDGER), "simulate", "--out", str(tmp_path / "made"), "--records", "320000", "--seed", "11"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    landing, half = tmp_path / "made" / "landing", tmp_path / "half"
    shutil.copytree(landing, half)
    for late in sorted((half / "sync").glob("*"))[2:]:
        shutil.rmtree(late)
    first = tmp_path / "first"
    finish(half, first)
    assert_survives(landing, first, tmp_path, kills=20)
