"""Settle, post and pay killed at any moment and run again, or run twice at once: the ledger of an undisturbed run."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.finance.chain import first_break
from tests.conftest import Ran
from tests.properties.tables import content, rows
from tests.settlement.house import BIN, DAEMON, House, new_house

PODLEDGER = Path(sys.executable).with_name("podledger")
TABLES = ("gold/settlement_runs", "gold/allocations", "gold/listen_settlements", "gold/holds", "gold/rule_costs")
MONEY = ("gold/ledger", "gold/balances", "gold/statements")
STAGES = ("settle", "post", "pay")


def started(house: House, command: str, lake: Path) -> "subprocess.Popen[bytes]":
    where = ("--landing", house.landing, "--lake", lake, "--period", "2026-10", "--now", "2026-11-09T06:00:00Z")
    line = [str(part) for part in (PODLEDGER, command, *where)]
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(house: House, command: str, lake: Path) -> float:
    """Runs it to the end; the seconds it took."""
    began = time.monotonic()
    assert started(house, command, lake).wait() == 0
    return time.monotonic() - began


def before(house: House, folder: Path) -> dict[str, Path]:
    """A lake as it is before each of the commands."""
    lakes = {}
    for stage in STAGES:
        if stage == "post":
            for who in (DAEMON, BIN):
                house.run("approve", "--period", "2026-10", by=who)
        lakes[stage] = shutil.copytree(house.lake, folder / f"before-{stage}")
        house.run(stage, "--period", "2026-10")
    return lakes


def found(lake: Path, stage: str) -> dict[str, Counter[str]]:
    return content(lake, TABLES if stage == "settle" else (*MONEY, "gold/payments") if stage == "pay" else MONEY)


def assert_survives(house: House, folder: Path, kills: int) -> None:
    moments = random.Random(11)
    for stage, first in before(house, folder).items():
        undisturbed = shutil.copytree(first, folder / f"undisturbed-{stage}")
        seconds = finish(house, stage, undisturbed)
        wanted = found(undisturbed, stage)
        for number in range(kills):
            lake = shutil.copytree(first, folder / "killed")
            process = started(house, stage, lake)
            try:
                process.wait(timeout=seconds * moments.uniform(0.3, 0.98))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            finish(house, stage, lake)
            assert found(lake, stage) == wanted, f"{stage}, kill {number}"
            if stage != "settle":
                assert first_break(sorted(rows(lake, "gold/ledger"), key=lambda row: int(row["place"]))) is None
            shutil.rmtree(lake)


@pytest.fixture
def house(podledger: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return new_house(podledger, tmp_path, monkeypatch)


@pytest.mark.prove
@pytest.mark.timeout(7200)
def test_twenty_kills_of_each_command(house: House, tmp_path: Path) -> None:
    assert_survives(house, tmp_path, kills=int(os.environ.get("TEST_KILLS", "20")))


@pytest.mark.spark
def test_two_processes_post_once(house: House) -> None:
    house.run("settle", "--period", "2026-10")
    for who in (DAEMON, BIN):
        house.run("approve", "--period", "2026-10", by=who)
    both = [started(house, "post", house.lake) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    entries = Counter((row["entry_id"], row["posting_no"]) for row in house.rows("gold/ledger"))
    assert set(entries.values()) == {1}
    assert len({entry for entry, _ in entries}) == 1
