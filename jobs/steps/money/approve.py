"""Approve: people who did not settle a close say that it may be posted."""

import datetime as dt
from dataclasses import asdict

from jobs.errors import Stop
from jobs.finance.periods import Period
from jobs.payouts import read_payouts
from jobs.steps.money.people import system_user
from jobs.steps.money.runs import Run, all_runs, approvers, draft_of, settlers
from jobs.steps.work import Report, Step, Work
from jobs.tables import SETTLEMENT_RUNS


def approve_step(close: Period) -> Step:
    """The step in which the user of this process approves the newest draft of the close."""
    return Step(
        "approve",
        reads=(),
        writes=(SETTLEMENT_RUNS,),
        run=lambda work: _approve(work, str(close)),
        has_news=lambda work: bool(_to_approve(work, str(close))),
    )


def _to_approve(work: Work, close: str) -> list[Run]:
    """The draft.

    Raises:
        Stop: it is posted, or this user may not approve it.
    """
    runs = all_runs(work)
    draft, who = draft_of(runs, close), system_user()
    if any(run.state == "posted" and run.settlement_period == close for run in runs):
        raise Stop(f"{close} is posted: there is nothing left to approve")
    for run in draft:
        if who in settlers(runs, run):
            raise Stop(f"{who} settled {close} and cannot approve it: somebody else has to")
        if who in approvers(runs, run):
            raise Stop(f"{who} approved this draft of {close} already: a second person has to")
    return draft


def _approve(work: Work, close: str) -> Report:
    draft, who = _to_approve(work, close), system_user()
    at = work.now.astimezone(dt.UTC)
    work.store.add_few(SETTLEMENT_RUNS, [{**asdict(run), "state": "approved", "at": at, "by": who} for run in draft])
    wanted = read_payouts(work.settings.payouts_toml).approvals
    so_far = len(approvers(all_runs(work), draft[0])) + 1
    report = Report("approve", news=True, figures={"runs": len(draft), "approvals": so_far})
    more = f"{wanted - so_far} more to go" if so_far < wanted else f"`podledger post --period {close}` posts it"
    report.notes.append(f"{close} approved by {who}: {more}")
    return report
