"""A month closed in a real Airflow: people answer there by its REST interface, and what they say is what counts."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.chain import RunFailed, finished
from demo.server import PrivateAirflow
from jobs.steps.money.people import system_user
from tests.conftest import Ran
from tests.settlement.house import POOLS, House, new_house

pytestmark = [pytest.mark.airflow, pytest.mark.prove, pytest.mark.timeout(1800)]

PASSWORDS = {name: f"{name}-knows" for name in ("anna", "ben", "cara", "mallory")}
PEOPLE = f'vouching = ["{system_user()}"]\n' + "".join(
    f'[[person]]\nname = "{name}"\nairflow = ["{name}"]\n' for name in ("anna", "ben", "cara")
)
MONTH = {"month": "2026-10"}


@dataclass(frozen=True)
class Closing:
    """A running Airflow with people, and the house whose money it closes."""

    airflow: PrivateAirflow
    house: House

    def begin(self, person: str) -> dict[str, Any]:
        run: dict[str, Any] = self.airflow.signed_in(person).trigger("close", MONTH)
        return run

    def task(self, run: dict[str, Any], name: str) -> dict[str, Any]:
        (found,) = [task for task in self.airflow.api.tasks(run) if task["task_id"] == name]
        return found

    def asks(self, run: dict[str, Any], name: str, tries: int = 1) -> dict[str, Any]:
        """The task, once it waits for an answer, for the so-manieth time.

        An answer before the scheduler knows that the process that asked has ended would look to it like a lost task.
        """
        key = f"task_id='{name}', run_id='{run['dag_run_id']}', try_number={tries},"

        def waits() -> bool:
            task = self.task(run, name)
            assert task["state"] not in ("failed", "upstream_failed"), self.airflow.api.log(task)[-5:]
            ended = (self.airflow.logs / "scheduler.log").read_text(encoding="utf-8", errors="replace")
            has_ended = any("Received executor event" in line and key in line for line in ended.splitlines())
            return task["state"] == "awaiting_input" and task["try_number"] == tries and has_ended

        self.airflow.until(waits, f"{name} asks", 240)
        return self.task(run, name)

    def answer(self, task: dict[str, Any], person: str, option: str = "Approve", **fields: Any) -> None:
        given = {"draft": self.airflow.api.question(task)["params"]["draft"]["value"], "reason": ""} | fields
        self.airflow.signed_in(person).answer(task, option, **given)

    def fails(self, run: dict[str, Any], said: str) -> None:
        with pytest.raises(RunFailed, match=said):
            finished(self.airflow, run, within_s=240)

    def by(self, state: str) -> set[str]:
        return {row["by"] for row in self.house.rows("gold/settlement_runs") if row["state"] == state}


@pytest.fixture(scope="module")
def closing(podledger: Callable[..., Ran], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closing]:
    with pytest.MonkeyPatch.context() as patched:
        house = new_house(podledger, tmp_path_factory.mktemp("close"), patched)
        people = house.folder / "people.toml"
        people.write_text(PEOPLE, encoding="utf-8")
        airflow = PrivateAirflow(house.folder / "airflow", house.landing, house.lake, people=PASSWORDS)
        airflow.env |= {
            "PODLEDGER_PATHS_PEOPLE": str(people),
            "PODLEDGER_PATHS_OUT": str(house.folder / "out"),
        }
        with airflow:
            yield Closing(airflow, house)


def test_a_rejection_ends_the_run_and_nothing_is_posted(closing: Closing) -> None:
    run = closing.begin("anna")
    closing.answer(closing.asks(run, "approve_1"), "mallory")  # an admin of Airflow whom finance does not know
    again = closing.asks(run, "approve_1", tries=2)
    assert "Airflow's user mallory is nobody whom" in "\n".join(closing.airflow.api.log(again, attempt=1))
    closing.answer(again, "ben", "Reject", reason="p2 gets too much")
    closing.fails(run, "ben rejected draft 1: p2 gets too much")
    assert closing.task(run, "post")["state"] == "upstream_failed"
    assert {(row["by"], row["reason"]) for row in closing.house.rows("gold/settlement_runs") if row["reason"]} == {
        ("ben", "p2 gets too much")
    }
    posted = closing.house.tried("post", "--period", MONTH["month"])
    assert "draft 1 of 2026-10 was rejected by ben: p2 gets too much" in posted.err
    assert not (closing.house.lake / "gold" / "ledger").exists()


def test_a_draft_is_void_once_finance_files_were_replaced(closing: Closing) -> None:
    run = closing.begin("anna")
    asked = closing.asks(run, "approve_1")
    closing.house.finance(pools=POOLS.replace("11200", "11201"))
    closing.answer(asked, "ben")
    closing.fails(run, "the finance set was replaced since 2026-10 was settled")
    closing.house.finance(pools=POOLS)


def test_two_people_approve_and_the_month_is_posted_paid_and_handed_out(closing: Closing) -> None:
    run = closing.begin("anna")
    first = closing.asks(run, "approve_1")
    question = closing.airflow.api.question(first)
    assert question["subject"] == "Approve the close of 2026-10? (1 of 2)"
    assert "net 100.80 EUR, divided 95.76 EUR, held back 5.04 EUR" in question["body"]

    closing.answer(first, "anna")  # who triggered it has settled it
    again = closing.asks(run, "approve_1", tries=2)
    said = "\n".join(closing.airflow.api.log(again, attempt=1))
    assert "anna settled 2026-10 and cannot approve it" in said
    closing.answer(again, "ben")
    closing.answer(closing.asks(run, "approve_2"), "cara")

    finished(closing.airflow, run, within_s=300)
    assert (closing.by("settled"), closing.by("approved")) == ({"anna"}, {"ben", "cara"})
    assert closing.house.postings("accrual")["payable:p1", "s-1"] == 1436
    assert {row["state"] for row in closing.house.rows("gold/payments")} == {"issued"}
    out: Path = closing.house.folder / "out" / "2026-10"
    assert {path.name for path in (out / "statements").iterdir()} == {
        "p1.EUR.csv", "p1.EUR.pdf", "p2.EUR.csv", "p2.EUR.pdf",
    }  # fmt: skip
    assert (out / "export" / "manifest.json").exists()


def test_nothing_is_left_running(closing: Closing) -> None:
    groups = [process.pid for process in closing.airflow.processes.values()]
    closing.airflow.stop()
    for group in groups:
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
