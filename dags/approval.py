"""The step in which a person approves: asked in Airflow, answered under their own name, recorded by the command."""

import os
import time
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException
from common import AnotherPerson, Launching, TryAgain, policy

HOUSE = Path(__file__).resolve().parent.parent
ANSWERED_WITHIN = timedelta(days=7)
TRIES, PAUSE_S = 20, 30.0
"""A lake that is busy when somebody has answered is waited for: nobody is asked again for that."""
APPROVE, REJECT = "approve", "reject"
MOST_LETTERS = 1000
"""So long a reason the command takes."""
AGAIN = "trigger close again for that month"


def life_of_a_month() -> dict[str, int]:
    """The numbers of ``[life]`` in conf/payouts.toml: how many people approve, and when the cut-off is."""
    path = HOUSE / os.environ.get("PODLEDGER_PATHS_PAYOUTS", "conf/payouts.toml")
    life: dict[str, int] = tomllib.loads(path.read_text(encoding="utf-8"))["life"]
    if life["cut_off_days"] > 27:
        raise ValueError(f"{path}: a cut-off {life['cut_off_days']} days after a month is no day of every month")
    return life


class Approval(Launching, ApprovalOperator):
    """Asks a person to approve a draft, and approves it in their name with `podledger approve`.

    The name is that which Airflow has authenticated, as the answer comes with it; nobody can hand in another. Whom the
    command refuses (who settled it, who approved already, who is not known) is told so in the log, and the next is
    asked. A rejection is recorded with `podledger reject`, and fails the task, as no answer in time does: nothing is
    posted.
    """

    template_fields = (*ApprovalOperator.template_fields, "month")

    def __init__(self, *, month: str, drafted_by: str, number: int, runbook: str, **kwargs: Any) -> None:
        """Takes the month that is closed, a template allowed, and the task whose draft is to be approved.

        ``number`` says which approval of the draft it is, from 1: one that it has already is not asked for again.
        """
        fields = {
            "draft": Param(0, "The draft that you looked at", type="integer", title="Draft"),
            "reason": Param(None, "Why you reject it", type=["null", "string"], maxLength=MOST_LETTERS, title="Reason"),
        }
        asked = {"retries": TRIES, "retry_delay": timedelta(seconds=1), "max_retry_delay": timedelta(seconds=10)}
        asked |= {"response_timeout": ANSWERED_WITHIN, "fail_on_reject": True}
        super().__init__(**(policy(runbook) | asked | kwargs | {"params": fields}))  # kwargs have the DAG's params
        self.month = month
        self.drafted_by = drafted_by
        self.number = number
        self.runbook = runbook

    def commands(self) -> tuple[str, ...]:
        """The names of the commands that it launches."""
        return (APPROVE, REJECT)

    def execute(self, context: Context) -> Any:
        """Shows the draft and waits for an answer."""
        summary = context["ti"].xcom_pull(task_ids=self.drafted_by) or {}
        drafts = [step for step in summary.get("steps", ()) if "draft" in step["figures"]]
        if not drafts:
            raise AirflowFailException(f"{self.drafted_by} left no draft: {AGAIN}")
        figures = drafts[0]["figures"]
        if figures["approvals"] >= self.number:
            self.log.info("draft %s has %s approvals already", figures["draft"], figures["approvals"])
            return {"approved_by": None, "draft": figures["draft"]}
        self.params["draft"] = figures["draft"]
        self.body = "\n".join(f"- {note}" for note in drafts[0]["notes"])
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Records the answer in the name of who gave it; returns who approved, and the command's summary."""
        if "error" in event:
            raise AirflowFailException(
                f"nobody answered within {ANSWERED_WITHIN.days} days, nothing is posted: {AGAIN}, which asks again"
            )
        who = event["responded_by_user"]["name"]
        answer: Mapping[str, Any] = {"draft": 0, "reason": None, **(event["params_input"] or {})}
        try:
            super().execute_complete(context, event | {"params_input": answer})
        except HITLRejectException as error:
            reason = str(answer["reason"] or "").strip() or "no reason given"
            self._recorded(REJECT, int(answer["draft"]), who, f"--reason={reason}")
            what = f"draft {answer['draft']}" if answer["draft"] else "the draft"
            raise AirflowFailException(
                f"{who} rejected {what}: {reason}. Nothing is posted: mend what is wrong, and then {AGAIN}"
            ) from error
        if not answer["draft"]:
            raise AnotherPerson(f"{who} did not say which draft they looked at: approve on the task's own page")
        return {"approved_by": who, **self._recorded(APPROVE, int(answer["draft"]), who)}

    def _recorded(self, decision: str, draft: int, who: str, *more: str) -> dict[str, Any]:
        """Has the command write down what somebody decided; of no draft in particular, about the newest."""
        command = [decision, f"--period={self.month}", *([f"--draft={draft}"] if draft else []), *more]
        for _ in range(TRIES - 1):
            try:
                return self.launch(command, vouched_for=who)
            except TryAgain as error:
                self.log.info("%s; once more in %s s", error, PAUSE_S)
                time.sleep(PAUSE_S)
        return self.launch(command, vouched_for=who)


def approvals(month: str, *, drafted_by: str, runbook: str) -> list[Approval]:
    """As many of these steps as conf asks people, one after another: a rejection leaves nobody waiting."""
    people = life_of_a_month()["approvals"]
    return [
        Approval(
            task_id=f"approve_{number}",
            subject=f"Approve the close of {month}? ({number} of {people})",
            month=month,
            drafted_by=drafted_by,
            number=number,
            runbook=runbook,
        )
        for number in range(1, people + 1)
    ]
