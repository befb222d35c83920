"""Simulations repeat byte for byte, need little memory, and say clearly what they cannot do."""

import datetime as dt
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from simulator.landing import HourFiles
from simulator.plan import PlanError, make_plan
from simulator.simulation import simulate
from tests.simulator.plain_reading import read_landing
from tests.simulator.simulated import START, quiet

MEBIBYTE = 1024 * 1024


def digests(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def simulate_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_one_process_and_two_make_the_same_bytes(tmp_path: Path) -> None:
    plan = make_plan(seed=5, days=2, start=START, devices=150, duplicate_files=1)
    one, two = tmp_path / "one", tmp_path / "two"
    assert simulate(plan, one, 1, quiet) == simulate(plan, two, 2, quiet)
    assert digests(one) == digests(two)


def test_another_seed_makes_other_bytes(tmp_path: Path) -> None:
    for seed in (1, 2):
        plan = make_plan(seed=seed, days=1, start=START, devices=20)
        simulate(plan, tmp_path / str(seed), 1, quiet)
    assert digests(tmp_path / "1") != digests(tmp_path / "2")


def test_without_oddities_nothing_is_refused_or_forked(tmp_path: Path) -> None:
    plan = make_plan(seed=3, days=3, start=START, devices=64, oddities=0)
    tally = simulate(plan, tmp_path, 1, quiet)
    counted = read_landing(tmp_path / "landing")
    assert counted.refused == {}
    assert counted.copies == len(counted.events) == tally["events"]
    assert not any(log["forks"] or log["missing"] for log in counted.logs.values())


def test_memory_does_not_grow_with_the_records(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from simulator.__main__ import main; code = main();"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr);"
        "sys.exit(code)"
    )
    peaks = []
    for devices in (100, 800):
        arguments = ["--out", str(tmp_path / str(devices)), "--devices", str(devices)]
        command = [sys.executable, "-c", script, *arguments, "--days", "4", "--processes", "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stderr.split()[-1]) * 1024)
    assert peaks[1] - peaks[0] < 40 * MEBIBYTE


def test_hours_are_spread_to_disk_as_they_fill(tmp_path: Path) -> None:
    hours = HourFiles(tmp_path, most_buffered_bytes=100)
    for second in range(40):
        hours.add(second * 1000, b"x" * 10)
    assert [path.name for path in tmp_path.iterdir()] == ["0.gz"]


def test_records_sets_how_many_devices_there_are(tmp_path: Path) -> None:
    plan = make_plan(seed=1, days=5, start=START, records=50_000)
    tally = simulate(plan, tmp_path, 1, quiet)
    assert tally["records_landed"] == pytest.approx(50_000, rel=0.3)


def test_records_sets_how_busy_given_devices_are(tmp_path: Path) -> None:
    plan = make_plan(seed=1, days=5, start=START, devices=256, records=40_000)
    assert plan.activity < 1
    tally = simulate(plan, tmp_path, 1, quiet)
    assert tally["records_landed"] == pytest.approx(40_000, rel=0.3)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"devices": 0}, "--devices is 0"),
        ({"days": 0}, "--days is 0"),
        ({"records": -1}, "--records is -1"),
        ({"oddities": -1.0}, "--oddities is -1"),
        ({"oddities": float("nan")}, "--oddities is nan"),
        ({"start": dt.date(1999, 1, 1)}, "--start is 1999-01-01"),
        ({"devices": 2, "records": 100_000}, "give --devices"),
    ],
)
def test_impossible_plans_are_refused(changes: dict[str, object], told: str) -> None:
    asked: dict[str, object] = {"seed": 1, "days": 3, "start": START} | changes
    with pytest.raises(PlanError, match=told):
        make_plan(**asked)  # type: ignore[arg-type]


def test_the_command_prints_a_summary_as_json(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    done = simulate_command("--out", str(out), "--devices", "5", "--days", "1", "--json")
    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert summary["devices"] == 5
    assert summary["records"] > 0
    assert sorted(path.name for path in out.iterdir()) == ["landing", "truth"]


def test_the_command_leaves_a_full_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    refused = simulate_command("--out", str(tmp_path), "--devices", "5", "--days", "1")
    assert (refused.returncode, "--force" in refused.stderr) == (1, True)
    forced = simulate_command("--out", str(tmp_path), "--devices", "5", "--days", "1", "--force")
    assert forced.returncode == 0
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_the_command_refuses_less_than_one_device(tmp_path: Path) -> None:
    refused = simulate_command("--out", str(tmp_path / "x"), "--devices", "0")
    assert (refused.returncode, "--devices is 0" in refused.stderr) == (1, True)
    assert not (tmp_path / "x").exists()


def test_frauds_and_finance_are_the_same_bytes_by_one_process_and_by_two(tmp_path: Path) -> None:
    plan = make_plan(seed=5, days=7, start=START, devices=320, frauds=1, finance=True)
    one, two = tmp_path / "one", tmp_path / "two"
    assert simulate(plan, one, 1, quiet) == simulate(plan, two, 2, quiet)
    assert digests(one) == digests(two)
    cast = [json.loads(line) for line in (one / "truth" / "cast.ndjson").read_text().splitlines()]
    assert len({row["listener_id"] for row in cast}) == len(cast)
    assert {row["role"] for row in cast if not row["fraud"]} == {"family", "sleeper", "at_sea", "triple_speed"}
    listens = [json.loads(line) for line in (one / "truth" / "listens.ndjson").read_text().splitlines()]
    planted = {row["listener_id"] for row in cast}
    statuses = {listen["status"] for listen in listens if listen["listener_id"] in planted}
    assert statuses <= {"counted", "too_short"}  # nobody planted plays more than a day has
    assert sorted(path.name for path in (one / "landing" / "finance").iterdir()) == [
        "payees.csv", "pools.csv", "splits.csv", "subscriptions.csv",
    ]  # fmt: skip


@pytest.mark.parametrize(("devices", "days", "said"), [(100, 7, "--devices 320"), (320, 3, "--days 7")])
def test_frauds_want_room(devices: int, days: int, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        make_plan(seed=1, days=days, start=START, devices=devices, frauds=1)
