"""What a task does with the command it launched: the summary kept, the exit code told apart."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.airflow

DAGS = Path(__file__).resolve().parents[2] / "dags"
SUMMARY = {"step": "count", "seconds": 1.5, "versions": {"silver/events": 3}}
AT = datetime(2026, 10, 5, 12, 34, tzinfo=UTC)


class Event:
    """Stands in for the outlet event of an asset."""

    def __init__(self) -> None:
        self.extra: dict[str, Any] = {}
        self.partitions: list[str] = []

    def add_partitions(self, key: str) -> None:
        self.partitions.append(key)


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        patch.syspath_prepend(str(DAGS))
        sys.modules.pop("common", None)
        import common

        yield common
        sys.modules.pop("common", None)


class Launched:
    """A task whose command is a shell script, and what it handed on."""

    def __init__(self, common: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.common, self.script = common, folder / "podledger"
        self.event = Event()
        monkeypatch.setenv("PODLEDGER_BIN", str(self.script))

    def run(self, script: str, key: str | None = "2026-10-05T12") -> Any:
        self.script.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        self.script.chmod(0o755)
        task = self.common.Podledger(
            task_id="count", arguments=["count", ""], runbook="counting", outlets=[self.common.COUNTED]
        )
        run = SimpleNamespace(partition_key=key, run_id="r", run_after=AT)
        return task.execute({"dag_run": run, "outlet_events": {self.common.COUNTED: self.event}})


@pytest.fixture
def launched(common: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Launched:
    return Launched(common, tmp_path, monkeypatch)


def test_the_summary_is_the_result_and_the_versions_go_with_the_asset(launched: Launched) -> None:
    assert launched.run(f"echo counted; echo '{json.dumps(SUMMARY)}'; echo bye >&2") == SUMMARY
    assert launched.event.extra == {"versions": {"silver/events": 3}, "run_id": "r"}
    assert launched.event.partitions == []


def test_a_run_of_no_partition_hands_on_the_hour_it_ran_in(launched: Launched) -> None:
    launched.run(f"echo '{json.dumps(SUMMARY)}'", key=None)
    assert launched.event.partitions == ["2026-10-05T12"]


def test_empty_arguments_are_left_out(launched: Launched, tmp_path: Path) -> None:
    launched.run(f'echo "$@" > {tmp_path}/arguments')
    assert (tmp_path / "arguments").read_text(encoding="utf-8") == "count --json\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 75", "exit 75: it said nothing"),
        ("exit 143", "exit 143: it said nothing"),
        ("echo half way; kill -9 $$", "ended by signal 9 while it said: half way"),
    ],
)
def test_busy_and_killed_are_tried_again(launched: Launched, script: str, said: str) -> None:
    with pytest.raises(launched.common.TryAgain, match=f"{said}; see docs/runbooks/counting.md"):
        launched.run(script)


@pytest.mark.parametrize("code", [1, 2, 127])
def test_anything_else_waits_for_a_person(launched: Launched, code: int) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=f"exit {code}: no such thing; see docs/runbooks/counting.md"):
        launched.run(f"echo no such thing; exit {code}")


def test_the_page_that_the_command_names_is_the_page(launched: Launched) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=r"^exit 1: podledger: closed; see docs/runbooks/gate.md$"):
        launched.run(
            "echo '  set aside x; see docs/runbooks/damaged-file.md'; "
            "echo 'podledger: closed; see docs/runbooks/gate.md' >&2; echo at Foo.java; exit 1"
        )


def test_a_killed_task_ends_its_command(common: Any) -> None:
    task = common.Podledger(task_id="count", arguments=["count"], runbook="counting")
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        task.process = process
        task.on_kill()
        assert process.wait(10) == -signal.SIGTERM
