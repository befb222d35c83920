"""The few things we ask of Airflow, by its REST interface."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from typing import Any

TIMEOUT_S = 30.0
HEALTHY = ("metadatabase", "scheduler", "dag_processor")


class AirflowApi:
    """Talks to an Airflow, as a person with a password, or to one in which everyone is an admin."""

    def __init__(self, url: str, person: str | None = None, password: str = "") -> None:
        self.url = url
        self.person = person
        self._password = password
        self._token: str | None = None
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer to a GET of ``/api/v2/<path>``."""
        return self._call("GET", f"/api/v2/{path}?{urllib.parse.urlencode(query)}")

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer to a POST to ``/api/v2/<path>``."""
        return self._call("POST", f"/api/v2/{path}", body)

    def is_healthy(self) -> bool:
        """Whether database, scheduler and DAG processor all say they are."""
        try:
            health = json.load(self._open(f"{self.url}/api/v2/monitor/health", timeout=TIMEOUT_S))
        except OSError:
            return False
        return all((health.get(name) or {}).get("status") == "healthy" for name in HEALTHY)

    def knows(self, dag_ids: Iterable[str]) -> bool:
        """Whether all these DAGs are loaded."""
        return set(dag_ids) <= {dag["dag_id"] for dag in self.get("dags", limit=100)["dags"]}

    def import_errors(self) -> str:
        """What keeps DAGs from being loaded; empty where nothing does."""
        return "\n".join(error["stack_trace"] for error in self.get("importErrors")["import_errors"])

    def make_pool(self, name: str, slots: int, about: str) -> None:
        """Makes a pool."""
        self.post("pools", {"name": name, "slots": slots, "description": about})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None, partition_key: str | None = None) -> Any:
        """Starts a run and returns it."""
        body = {"logical_date": None, "conf": conf or {}, "partition_key": partition_key}
        return self.post(f"dags/{dag_id}/dagRuns", body)

    def backfill(self, dag_id: str, first: str, last: str) -> Any:
        """Starts a backfill over the partitions from ``first`` to ``last``, both included."""
        body = {"dag_id": dag_id, "from_date": first, "to_date": last, "reprocess_behavior": "completed"}
        return self.post("backfills", body | {"max_active_runs": 1})

    def is_backfilled(self, backfill: dict[str, Any]) -> bool:
        """Whether all runs of a backfill have ended."""
        return self.get(f"backfills/{backfill['id']}")["completed_at"] is not None

    def runs(self, dag_id: str = "~", **query: Any) -> list[dict[str, Any]]:
        """Runs of a DAG, or of all, oldest first."""
        found: list[dict[str, Any]] = self.get(f"dags/{dag_id}/dagRuns", order_by="id", limit=100, **query)["dag_runs"]
        return found

    def run(self, run: dict[str, Any]) -> dict[str, Any]:
        """The run as it is now."""
        found: dict[str, Any] = self.get(_path(run))
        return found

    def tasks(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        """The tasks of a run."""
        found: list[dict[str, Any]] = self.get(f"{_path(run)}/taskInstances")["task_instances"]
        return found

    def clear(self, task: dict[str, Any]) -> None:
        """Has a failed task done again, and then those after it that could not begin, as *Clear* on its page does."""
        which = {"dag_run_id": task["dag_run_id"], "task_ids": [task["task_id"]], "include_downstream": True}
        self.post(f"dags/{task['dag_id']}/clearTaskInstances", which | {"dry_run": False})

    def log(self, task: dict[str, Any], attempt: int | None = None) -> list[str]:
        """What one attempt of a task wrote, the last where none is named."""
        path = f"{_path(task)}/taskInstances/{task['task_id']}/logs/{attempt or task['try_number']}"
        return [_line(entry) for entry in self.get(path)["content"]]

    def result(self, task: dict[str, Any]) -> Any:
        """What a task returned."""
        return self.get(f"{_path(task)}/taskInstances/{task['task_id']}/xcomEntries/return_value")["value"]

    def question(self, task: dict[str, Any]) -> dict[str, Any]:
        """What a task asks a person: subject, body, options, and the answer where there is one."""
        found: dict[str, Any] = self.get(f"{_path(task)}/taskInstances/{task['task_id']}/-1/hitlDetails")
        return found

    def answer(self, task: dict[str, Any], option: str, **fields: Any) -> None:
        """Answers what a task asks, as this person."""
        path = f"/api/v2/{_path(task)}/taskInstances/{task['task_id']}/-1/hitlDetails"
        self._call("PATCH", path, {"chosen_options": [option], "params_input": fields})

    def _sign_in(self) -> str:
        """A token; of this person, where there is one."""
        body = None
        if self.person is not None:
            body = json.dumps({"username": self.person, "password": self._password}).encode()
        request = urllib.request.Request(f"{self.url}/auth/token", body, {"Content-Type": "application/json"})
        return str(json.load(self._open(request, timeout=TIMEOUT_S))["access_token"])

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        if self._token is None:
            self._token = self._sign_in()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with self._open(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error


def _path(of_run: dict[str, Any]) -> str:
    """The path of a run, or of the run a task belongs to."""
    return f"dags/{of_run['dag_id']}/dagRuns/{urllib.parse.quote(of_run['dag_run_id'], safe='')}"


def _line(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or []]
    return ": ".join([str(entry["event"]), *errors])
