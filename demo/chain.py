"""Follows what a landing sets off, from asset to asset, until it is published or something fails."""

from collections.abc import Callable
from typing import Any

from demo.server import PrivateAirflow

CHAIN = ("land", "count", "listens", "publish")
RUN_WITHIN_S = 3600.0
ENDED = ("success", "failed")
LOG_LINES = 15


class RunFailed(RuntimeError):
    """A run failed; says what its task wrote last."""


def follow(airflow: PrivateAirflow, landing: dict[str, Any], say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Waits for a landing and for all that starts from it; returns the four runs, each of them successful.

    Raises:
        RunFailed: one of them failed.
        AirflowFailed: Airflow went away, or it took too long.
    """
    runs: list[dict[str, Any]] = []
    for dag_id in CHAIN:
        run = _started_run(airflow, dag_id, partition_of(landing), since=runs[-1]["start_date"]) if runs else landing
        say(f"{dag_id:<8} runs")
        runs.append(finished(airflow, run))
        say(f"{dag_id:<8} {took(airflow, runs[-1])}")
    return runs


def partition_of(landing: dict[str, Any]) -> str:
    """The partition that a landing hands on: its own, or the hour it ran in where it has none."""
    return str(landing["partition_key"] or landing["run_after"][: len("2026-10-05T12")])


def finished(airflow: PrivateAirflow, run: dict[str, Any], within_s: float = RUN_WITHIN_S) -> dict[str, Any]:
    """The run once it has succeeded.

    Raises:
        RunFailed: it failed.
    """
    airflow.until(lambda: airflow.api.run(run)["state"] in ENDED, f"{run['dag_run_id']} has ended", within_s)
    run = airflow.api.run(run)
    if run["state"] != "success":
        raise RunFailed(f"{run['dag_id']} failed:\n{_last_words(airflow, run)}")
    return run


def took(airflow: PrivateAirflow, run: dict[str, Any]) -> str:
    """What the commands of a run say they did, and in how many seconds."""
    said = []
    for task in airflow.api.tasks(run):
        for step in airflow.api.result(task).get("steps", []):
            figures = ", ".join(f"{name} {value:,}" for name, value in step["figures"].items())
            said.append(f"{step['step']}: {figures or 'done'}" if step["news"] else f"{step['step']}: nothing new")
    return f"done in {run['duration']:.1f} s  {'; '.join(said)}".rstrip()


def _started_run(airflow: PrivateAirflow, dag_id: str, key: str, since: str) -> dict[str, Any]:
    def found() -> list[dict[str, Any]]:
        return [run for run in airflow.api.runs(dag_id, run_after_gte=since) if run["partition_key"] == key]

    airflow.until(lambda: bool(found()), f"{dag_id} has started for {key}")
    return found()[0]


def _last_words(airflow: PrivateAirflow, run: dict[str, Any]) -> str:
    failed = [task for task in airflow.api.tasks(run) if task["state"] == "failed"]
    return "\n".join(f"  {line}" for task in failed for line in airflow.api.log(task)[-LOG_LINES:])
