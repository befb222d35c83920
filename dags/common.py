"""What the DAGs share: the assets they hand on, the command they launch, and what happens when it fails.

A DAG names commands; it never imports what they do. So parsing stays quick, Airflow and Spark may live in
different environments, and the line in a task log is the line a person types.
"""

import json
import logging
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from airflow.sdk import (  # type: ignore[attr-defined]  # its stub lacks the deadlines
    Asset,
    BaseOperator,
    Context,
    DeadlineAlert,
    DeadlineReference,
    SyncCallback,
)
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from jobs.tables import EVENTS, LISTENS, SYNC_LINES

log = logging.getLogger(__name__)

LINES = Asset(SYNC_LINES.name, uri=f"podledger://lake/{SYNC_LINES.name}")
COUNTED = Asset(EVENTS.name, uri=f"podledger://lake/{EVENTS.name}")
LISTENED = Asset(LISTENS.name, uri=f"podledger://lake/{LISTENS.name}")
PUBLICATION = Asset("publication", uri="podledger://lake/_published")

HOUR_KEY = "%Y-%m-%dT%H"
"""A partition is the UTC hour in which a file was sealed, written as the landing folder's commands take it."""

LAKE_WRITER = "lake_writer"
"""Pool of one slot: Delta on a plain disk loses a commit when two write at once."""

DONE, TRY_AGAIN, ANOTHER_PERSON = 0, 75, 77
RUNBOOK = re.compile(r"docs/runbooks/[a-z-]+\.md")


class TryAgain(AirflowException):
    """The lake was busy, the disk full or the process killed: the same command may go through later."""


class AnotherPerson(AirflowException):
    """The command may well be done, but not for the person who asked for it."""


class Launching:
    """What tasks share that launch a command: its words go to the task log, its end becomes an exception or a summary.

    An exit with 75 or by a signal is worth another try, 77 wants another person; anything else waits for somebody to
    act, and names the runbook page to read.
    """

    runbook: str
    process: subprocess.Popen[str] | None = None

    def launch(self, arguments: Sequence[str], vouched_for: str | None = None) -> dict[str, Any]:
        """Returns the summary that the command printed; ``vouched_for`` is the user of Airflow for whom it is done."""
        vouched = ["--vouched"] if vouched_for else []
        command = [os.environ.get("PODLEDGER_BIN", "podledger"), *filter(None, arguments), *vouched, "--json"]
        log.info("$ %s", " ".join(command))
        summary, code, said = self._run(command, json.dumps({"airflow": vouched_for}) if vouched_for else "")
        if code == TRY_AGAIN or code < 0 or code > 128:
            raise TryAgain(f"exit {code}: {said}" if code > 0 else f"ended by signal {-code} while it said: {said}")
        if code == ANOTHER_PERSON:
            raise AnotherPerson(said)
        if code != DONE:
            raise AirflowFailException(f"exit {code}: {said}")
        log.info("lake versions: %s", json.dumps(summary.get("versions", {}), sort_keys=True))
        return summary

    def on_kill(self) -> None:
        """Ends the command and the processes it started."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)

    def _run(self, command: list[str], told: str) -> tuple[dict[str, Any], int, str]:
        """Gives the command's summary, its exit code, and its error or what it said last, with the page to read."""
        summary: dict[str, Any] = {}
        said, error = "it said nothing", ""
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(BrokenPipeError), self.process.stdin as given:
            given.write(told)
        with self.process.stdout as output:
            for line in map(str.rstrip, output):
                if line.startswith('{"step"'):
                    summary = json.loads(line)
                    continue
                log.info(line)
                said = line or said
                error = line if line.startswith("podledger: ") else error
        why = error or said
        page = "" if RUNBOOK.search(why) else f"; see docs/runbooks/{self.runbook}.md"
        return summary, self.process.wait(), f"{why}{page}"


def policy(runbook: str) -> dict[str, Any]:
    """What every task goes by: one writer a lake, growing pauses between tries, an alarm that names the page."""
    return {
        "owner": "podledger",
        "pool": LAKE_WRITER,
        "weight_rule": "absolute",
        "retries": 6,
        "retry_delay": timedelta(seconds=15),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=2),
        "on_failure_callback": Alarm(runbook),
    }


class Podledger(Launching, BaseOperator):
    """Runs one ``podledger`` command; what it says goes to the task log, the lake's versions to XCom and the assets.

    Empty arguments are left out. An exit with 75 or by a signal is tried again, 15 to 30 s later at first, then less
    and less often, for about half an hour; any other failure waits for a person and names the runbook page to read.
    """

    template_fields = ("arguments",)

    def __init__(self, *, arguments: Sequence[str], runbook: str, vouched: bool = False, **kwargs: Any) -> None:
        """Takes the arguments of the command, templates allowed, and the page of docs/runbooks for its failures.

        A ``vouched`` command is done for the person who triggered the run, where one did.
        """
        super().__init__(**(policy(runbook) | kwargs))
        self.arguments = list(arguments)
        self.runbook = runbook
        self.vouched = vouched

    def commands(self) -> tuple[str, ...]:
        """The names of the commands that it launches."""
        return (self.arguments[0],)

    def execute(self, context: Context) -> dict[str, Any]:
        """Returns the summary the command printed: step, seconds and the lake's versions among others."""
        summary = self.launch(self.arguments, context["dag_run"].triggering_user_name if self.vouched else None)
        self._record(summary, context)
        return summary

    def _record(self, summary: dict[str, Any], context: Context) -> None:
        """Writes the versions to the asset events; a run of no partition gets the hour it ran in."""
        run = context["dag_run"]
        for asset in self.outlets:
            event = context["outlet_events"][asset]
            event.extra = {"versions": summary.get("versions", {}), "run_id": run.run_id}
            if run.partition_key is None:
                event.add_partitions(run.run_after.strftime(HOUR_KEY))


class Alarm:
    """Called when a task has failed for good: says so, and which page of docs/runbooks tells what to do."""

    def __init__(self, runbook: str) -> None:
        """Takes the page for failures that do not name one themselves."""
        self.runbook = runbook

    def __call__(self, context: Context) -> None:
        """Writes the alarm to the task's log."""
        ti, error = context["task_instance"], str(context.get("exception"))
        page = "" if RUNBOOK.search(error) else f"; see docs/runbooks/{self.runbook}.md"
        log.error("ALARM %s.%s in %s: %s%s", ti.dag_id, ti.task_id, ti.run_id, error, page)


def overdue(runbook: str, context: dict[str, Any]) -> None:
    """Called when a run is not done by its deadline."""
    run = context["dag_run"]
    log.error("ALARM %s in %s is overdue; see docs/runbooks/%s.md", run["dag_id"], run["dag_run_id"], runbook)


def done_within(limit: timedelta, runbook: str) -> DeadlineAlert:
    """Alerts when a run is not done this long after it was queued, or after tasks of it were cleared.

    The limit is handed over in seconds: Airflow 3.3 counts a ``timedelta`` as well, but then answers 500 to clearing
    a task (apache/airflow#70368).
    """
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=limit.total_seconds(),
        callback=SyncCallback(overdue, kwargs={"runbook": runbook}),
    )
