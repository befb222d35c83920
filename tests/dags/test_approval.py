"""What the approval step does with an answer: the command in the name of who gave it, a rejection, nobody at all."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.airflow

DAGS = Path(__file__).resolve().parents[2] / "dags"
NOTES = ["draft 3 of 2026-10", "ads 2026-10 (settle, pro_rata): net 100.80 EUR"]
SUMMARY = {"step": "settle", "steps": [{"step": "settle", "figures": {"draft": 3, "approvals": 1}, "notes": NOTES}]}


@pytest.fixture(scope="module")
def approval(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        patch.syspath_prepend(str(DAGS))
        import approval

        yield approval
        for module in ("approval", "common"):
            sys.modules.pop(module, None)


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in the place of the command line: keeps its arguments and what it was told, and ends as it is told to."""
    path = tmp_path / "podledger"
    monkeypatch.setenv("PODLEDGER_BIN", str(path))
    ends(path, 0)
    return path


def ends(script: Path, code: int, said: str = "") -> None:
    kept = f'echo "$@" >> {script}.arguments; cat >> {script}.told'
    script.write_text(f"#!/bin/sh\n{kept}\necho '{said}'\nexit {code}\n", encoding="utf-8")
    script.chmod(0o755)


def kept(script: Path, what: str) -> str:
    path = Path(f"{script}.{what}")
    return path.read_text(encoding="utf-8") if path.exists() else ""


def step(approval: Any, number: int = 2) -> Any:
    return approval.Approval(
        task_id=f"approve_{number}", subject="?", month="2026-10", drafted_by="settle", number=number, runbook="close",
    )  # fmt: skip


def answered(option: str, **fields: Any) -> dict[str, Any]:
    return {
        "chosen_options": [option],
        "params_input": fields,
        "responded_at": datetime(2026, 11, 9, tzinfo=UTC),
        "responded_by_user": {"id": "7", "name": "ben"},
        "timedout": False,
    }


def test_both_fields_are_the_task_s_and_so_on_its_page(approval: Any) -> None:
    assert approval
    spec = importlib.util.spec_from_file_location("dags.close", DAGS / "close.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert list(module.dag.get_task("approve_1").serialized_params) == ["draft", "reason"]


def test_the_draft_is_shown_and_named_in_the_question(approval: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import TaskAwaitingInput

    asked: dict[str, Any] = {}
    hitl = sys.modules["airflow.providers.standard.operators.hitl"]
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **given: asked.update(given))
    ti = SimpleNamespace(id="t", xcom_pull=lambda task_ids: SUMMARY if task_ids == "settle" else None)
    with pytest.raises(TaskAwaitingInput):
        step(approval).execute({"task_instance": ti, "ti": ti})
    assert asked["body"] == "- draft 3 of 2026-10\n- ads 2026-10 (settle, pro_rata): net 100.80 EUR"
    assert asked["params"]["draft"]["value"] == 3


def test_an_approval_that_the_draft_has_is_not_asked_for_again(approval: Any) -> None:
    ti = SimpleNamespace(id="t", xcom_pull=lambda task_ids: SUMMARY)
    assert step(approval, number=1).execute({"task_instance": ti, "ti": ti}) == {"approved_by": None, "draft": 3}


def test_who_answered_is_handed_to_the_command_as_airflow_knows_them(approval: Any, script: Path) -> None:
    result = step(approval).execute_complete({}, answered("Approve", draft=3))
    assert result["approved_by"] == "ben"
    assert kept(script, "arguments") == "approve --period=2026-10 --draft=3 --vouched --json\n"
    assert json.loads(kept(script, "told")) == {"airflow": "ben"}


def test_whom_the_command_refuses_is_told_and_the_next_is_asked(approval: Any, script: Path) -> None:
    ends(script, 77, "podledger: ben approved this draft already")
    with pytest.raises(sys.modules["common"].AnotherPerson, match="ben approved this draft already"):
        step(approval).execute_complete({}, answered("Approve", draft=3, reason=""))


def test_an_answer_that_names_no_draft_is_asked_for_again(approval: Any, script: Path) -> None:
    with pytest.raises(sys.modules["common"].AnotherPerson, match="ben did not say which draft"):
        step(approval).execute_complete({}, answered("Approve"))
    assert kept(script, "arguments") == ""


def test_a_void_draft_ends_the_step_with_what_to_do(approval: Any, script: Path) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    ends(script, 1, "podledger: draft 3 of 2026-10 is void, there is draft 4: look at that one")
    with pytest.raises(AirflowFailException, match=r"draft 3 of 2026-10 is void.*; see docs/runbooks/close.md"):
        step(approval).execute_complete({}, answered("Approve", draft=3, reason=""))


@pytest.mark.parametrize(
    ("fields", "said", "arguments"),
    [
        (
            {"draft": 3, "reason": "p2 gets too much"},
            "draft 3: p2 gets too much",
            "--draft=3 --reason=p2 gets too much",
        ),
        ({"draft": 3, "reason": " "}, "draft 3: no reason given", "--draft=3 --reason=no reason given"),
        ({}, "the draft: no reason given", "--reason=no reason given"),
    ],
)
def test_a_rejection_is_recorded_and_ends_the_step_with_who_and_why(
    approval: Any, script: Path, fields: dict[str, Any], said: str, arguments: str
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=rf"ben rejected {said}\. Nothing is posted"):
        step(approval).execute_complete({}, answered("Reject", **fields))
    assert kept(script, "arguments") == f"reject --period=2026-10 {arguments} --vouched --json\n"
    assert json.loads(kept(script, "told")) == {"airflow": "ben"}


def test_who_may_not_reject_is_told_and_the_next_is_asked(approval: Any, script: Path) -> None:
    ends(script, 77, "podledger: ben is nobody whom conf/people.toml knows")
    with pytest.raises(sys.modules["common"].AnotherPerson, match="ben is nobody whom"):
        step(approval).execute_complete({}, answered("Reject", draft=3, reason="p2 gets too much"))


def test_no_answer_in_time_ends_the_step(approval: Any, script: Path) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="nobody answered within 7 days, nothing is posted"):
        step(approval).execute_complete({}, {"error": "too late", "error_type": "timeout"})
    assert kept(script, "arguments") == ""


def test_a_busy_lake_is_waited_for_without_asking_again(
    approval: Any, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends(script, 75, "podledger: another command holds the lake")
    pauses: list[float] = []

    def paused(seconds: float) -> None:
        pauses.append(seconds)
        ends(script, 0)

    monkeypatch.setattr(approval.time, "sleep", paused)
    assert step(approval).execute_complete({}, answered("Approve", draft=3, reason=""))["approved_by"] == "ben"
    assert pauses == [approval.PAUSE_S]


def test_a_draft_that_is_not_there_is_not_asked_about(approval: Any) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    ti = SimpleNamespace(id="t", xcom_pull=lambda task_ids: None)
    with pytest.raises(AirflowFailException, match="settle left no draft"):
        step(approval).execute({"task_instance": ti, "ti": ti})


def test_a_cut_off_that_is_no_day_of_every_month_is_refused(
    approval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "payouts.toml"
    path.write_text("[life]\ncut_off_days = 28\n", encoding="utf-8")
    monkeypatch.setenv("PODLEDGER_PATHS_PAYOUTS", str(path))
    with pytest.raises(ValueError, match="no day of every month"):
        approval.life_of_a_month()
