"""Approve: people who did not settle a close say that it may be posted."""

import datetime as dt
from dataclasses import asdict

from jobs.errors import AnotherPerson
from jobs.finance.periods import Period
from jobs.payouts import read_payouts
from jobs.steps.money.people import approving
from jobs.steps.money.runs import Run, all_runs, approvers, check_not_rejected, settlers, waiting_draft
from jobs.steps.money.unchanged import check_unchanged
from jobs.steps.work import Report, Step, Work
from jobs.tables import SETTLEMENT_RUNS


def approve_step(close: Period, draft_no: int | None = None) -> Step:
    """The step in which a person approves the newest draft of the close; only that one, where a number is given."""
    return Step(
        "approve",
        reads=(),
        writes=(SETTLEMENT_RUNS,),
        run=lambda work: _approve(work, str(close), draft_no),
        has_news=lambda work: bool(_to_approve(work, str(close), draft_no)),
    )


def _to_approve(work: Work, close: str, draft_no: int | None) -> list[Run]:
    """The draft.

    Raises:
        Stop: it is posted, rejected or void, or another draft took its place.
        AnotherPerson: this person may not approve it.
    """
    runs = all_runs(work)
    draft, who = waiting_draft(runs, close, draft_no), approving(work)
    check_not_rejected(runs, draft)
    check_unchanged(work, close, draft)
    for run in draft:
        if who in settlers(runs, run):
            raise AnotherPerson(f"{who} settled {close} and cannot approve it: somebody else has to")
        if who in approvers(runs, run):
            raise AnotherPerson(f"{who} approved this draft of {close} already: a second person has to")
    return draft


def _approve(work: Work, close: str, draft_no: int | None) -> Report:
    draft, who = _to_approve(work, close, draft_no), approving(work)
    at = work.now.astimezone(dt.UTC)
    work.store.add_few(SETTLEMENT_RUNS, [{**asdict(run), "state": "approved", "at": at, "by": who} for run in draft])
    wanted = read_payouts(work.settings.payouts_toml).approvals
    so_far = len(approvers(all_runs(work), draft[0])) + 1
    report = Report("approve", news=True, figures={"runs": len(draft), "approvals": so_far})
    more = f"{wanted - so_far} more to go" if so_far < wanted else f"`podledger post --period {close}` posts it"
    report.notes.append(f"{close} approved by {who}: {more}")
    return report
