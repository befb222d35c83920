"""The DAGs in a real scheduler: landed, backfilled and replayed, they leave what `podledger run` leaves.

One Airflow for all of it, in the order in which a person would do it; the first and the last always, what lies between
with the proofs.
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.__main__ import podledger
from demo.chain import RunFailed, finished, follow
from demo.server import HOUSE, PrivateAirflow
from jobs.published.reading import published

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1800)]

EDGES = Path(__file__).resolve().parents[1] / "golden" / "edges" / "landing"
FIRST = "2026-10-05T12"
LATE = "2026-10-14T00"
DAY = "2026-10-05"
OVERDUE = """
from datetime import timedelta

from airflow.sdk import DAG
from common import Podledger, done_within

with DAG(dag_id="overdue", schedule=None, deadline=done_within(timedelta(0), runbook="landing")):
    Podledger(task_id="status", arguments=["status"], runbook="landing")
"""
# Tables that do not say in what order things came in.
TABLES = ("silver/events", "silver/rejected", "silver/device_logs", "silver/impossible_days", "silver/listens")


@dataclass(frozen=True)
class Pipelines:
    """A running Airflow, its lake, and the tables as a plain run leaves them."""

    airflow: PrivateAirflow
    landing: Path
    lake: Path
    plain: dict[str, list[str]]

    def finish(self, run: dict[str, Any]) -> dict[str, Any]:
        return finished(self.airflow, run, within_s=300)

    def task(self, run: dict[str, Any], name: str) -> dict[str, Any]:
        (found,) = [task for task in self.airflow.api.tasks(run) if task["task_id"] == name]
        return found

    def agree(self) -> None:
        there = published_rows(self.lake)
        for name, rows in self.plain.items():
            assert there[name] == rows, f"{name} is not what `podledger run` leaves"


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipelines]:
    folder = tmp_path_factory.mktemp("pipelines")
    landing = folder / "landing"
    shutil.copytree(EDGES, landing)
    plain = folder / "plain"
    subprocess.run([podledger(), "run", "--landing", str(landing), "--lake", str(plain)], check=True)
    airflow = PrivateAirflow(folder / "airflow", landing, folder / "lake")
    airflow.env["PODLEDGER_LOCK_WAIT_S"] = "1"
    airflow.env["AIRFLOW__CORE__DAGS_FOLDER"] = str(dags_and_one_overdue(folder / "house"))
    with airflow:
        yield Pipelines(airflow, landing, folder / "lake", published_rows(plain))


def dags_and_one_overdue(folder: Path) -> Path:
    """The DAGs with the settings they read, and one whose runs are never done in time."""
    dags = folder / "dags"
    shutil.copytree(HOUSE / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HOUSE / "conf", folder / "conf")
    (dags / "overdue.py").write_text(OVERDUE, encoding="utf-8")
    return dags


def published_rows(lake: Path) -> dict[str, list[str]]:
    """The rows of each published table, in one order."""
    return {
        name: sorted(json.dumps(row, default=str, sort_keys=True) for row in published(lake, name).to_pylist())
        for name in TABLES
    }


def test_an_hour_that_lands_is_published_by_asset_events(pipelines: Pipelines) -> None:
    landing = pipelines.airflow.api.trigger("land", partition_key=FIRST)
    runs = follow(pipelines.airflow, landing, print)
    assert [run["dag_id"] for run in runs] == ["land", "count", "listens", "publish"]
    assert [run["partition_key"] for run in runs] == [FIRST] * 4
    assert [run["run_type"] for run in runs] == ["manual", *["asset_triggered"] * 3]
    assert published_rows(pipelines.lake)["silver/listens"]


@pytest.mark.prove
def test_each_run_records_the_versions_it_left(pipelines: Pipelines) -> None:
    (run,) = [run for run in pipelines.airflow.api.runs("count") if run["partition_key"] == FIRST]
    task = pipelines.task(run, "count")
    versions = pipelines.airflow.api.result(task)["versions"]
    assert {"bronze/sync_lines", "silver/events"} <= versions.keys()
    assert f"lake versions: {json.dumps(versions, sort_keys=True)}" in pipelines.airflow.api.log(task)
    (event,) = pipelines.airflow.api.get("assets/events", source_run_id=run["dag_run_id"])["asset_events"]
    assert (event["name"], event["partition_key"]) == ("silver/events", FIRST)
    assert event["extra"]["versions"] == versions


def test_a_failed_task_is_cleared_and_the_chain_goes_on(pipelines: Pipelines) -> None:
    api = pipelines.airflow.api
    away = pipelines.landing.rename(pipelines.landing.with_name("away"))
    run = api.trigger("land", partition_key=FIRST)
    with pytest.raises(RunFailed, match=r"ALARM land\.land .* there is no landing folder .* docs/runbooks/landing\.md"):
        pipelines.finish(run)
    away.rename(pipelines.landing)
    api.clear(pipelines.task(run, "land"))
    runs = follow(pipelines.airflow, run, print)
    assert [run["dag_id"] for run in runs] == ["land", "count", "listens", "publish"]
    assert pipelines.task(run, "land")["try_number"] == 2


def test_a_run_that_is_overdue_raises_the_alarm(pipelines: Pipelines) -> None:
    airflow = pipelines.airflow
    airflow.until(lambda: airflow.api.knows(["overdue"]), "the overdue DAG is loaded")
    run = airflow.api.trigger("overdue")["dag_run_id"]
    logs = airflow.home / "logs" / "executor_callbacks" / "overdue" / run
    alarm = f"ALARM overdue in {run} is overdue; see docs/runbooks/landing.md"
    airflow.until(lambda: any(alarm in log.read_text("utf-8") for log in logs.glob("*")), alarm, 60, lambda: str(logs))


@pytest.mark.prove
@pytest.mark.parametrize(("first", "last"), [(FIRST, "2026-10-05T13"), (LATE, LATE)])
def test_backfilled_hours_are_published(pipelines: Pipelines, first: str, last: str) -> None:
    api = pipelines.airflow.api
    backfill = api.backfill("land", f"{first}:00:00Z", f"{last}:00:00Z")
    pipelines.airflow.until(lambda: api.is_backfilled(backfill), f"{first} to {last} are backfilled", 300)
    landed = [
        run for run in api.runs("land") if run["run_type"] == "backfill" and first <= run["partition_key"] <= last
    ]
    assert {run["partition_key"] for run in landed} == {first, last}
    for run in landed:
        follow(pipelines.airflow, run, print)


@pytest.mark.prove
def test_the_tables_are_those_of_a_plain_run(pipelines: Pipelines) -> None:
    pipelines.agree()


@pytest.mark.prove
def test_a_replayed_day_leads_to_the_same_tables(pipelines: Pipelines) -> None:
    run = pipelines.finish(pipelines.airflow.api.trigger("replay", {"from": DAY}))
    log = pipelines.airflow.api.log(pipelines.task(run, "replay"))
    assert f"replay --from={DAY} --to={DAY} --json" in "\n".join(log)
    pipelines.agree()


@pytest.mark.prove
@pytest.mark.parametrize("days", [{}, {"from": "2026-10-5"}, {"from": "2026-13-01"}, {"from": DAY, "to": "soon"}])
def test_days_that_are_none_are_refused_before_anything_runs(pipelines: Pipelines, days: dict[str, str]) -> None:
    with pytest.raises(RuntimeError, match="Invalid input for param"):
        pipelines.airflow.api.trigger("replay", days)


@pytest.mark.prove
def test_a_busy_lake_is_tried_again(pipelines: Pipelines) -> None:
    api = pipelines.airflow.api
    with (pipelines.lake / "_state" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = api.trigger("replay", {"from": DAY})
        pipelines.airflow.until(lambda: pipelines.task(run, "replay")["state"] == "up_for_retry", "it waits", 120)
    run = pipelines.finish(run)
    task = pipelines.task(run, "replay")
    assert task["try_number"] == 2
    assert any("TryAgain: exit 75" in line and "docs/runbooks/lock.md" in line for line in api.log(task, attempt=1))


@pytest.mark.prove
def test_what_needs_a_person_is_not_tried_again(pipelines: Pipelines) -> None:
    api = pipelines.airflow.api
    run = api.trigger("replay", {"from": "2026-10-06", "to": "2026-10-05"})
    with pytest.raises(RunFailed, match=r"ALARM replay\.replay .* see docs/runbooks/replay\.md"):
        pipelines.finish(run)
    assert pipelines.task(run, "replay")["try_number"] == 1
    pipelines.agree()


def test_nothing_is_left_running(pipelines: Pipelines) -> None:
    groups = [process.pid for process in pipelines.airflow.processes.values()]
    pipelines.airflow.stop()
    for group in groups:
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
