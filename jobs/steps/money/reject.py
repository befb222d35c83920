"""Reject: a person says that a draft must not be posted, and why; what is mended is settled as a new one."""

import datetime as dt
from dataclasses import asdict

from jobs.errors import Stop
from jobs.finance.periods import Period
from jobs.steps.money.people import approving
from jobs.steps.money.runs import Run, all_runs, rejected_in_words, rejection, waiting_draft
from jobs.steps.work import Report, Step, Work
from jobs.tables import SETTLEMENT_RUNS

MOST_LETTERS = 1000


def reject_step(close: Period, reason: str, draft_no: int | None = None) -> Step:
    """The step in which a person rejects the newest draft of the close; only that one, where a number is given.

    Whoever settled or approved it may do so too. A draft is rejected once: the first one counts.

    Raises:
        Stop: there is no reason, or one that is too long.
    """
    why = " ".join(reason.split())
    if not 0 < len(why) <= MOST_LETTERS:
        raise Stop(f"a rejection wants a reason of 1 to {MOST_LETTERS} letters: say what has to be mended")
    return Step(
        "reject",
        reads=(),
        writes=(SETTLEMENT_RUNS,),
        run=lambda work: _reject(work, str(close), why, draft_no),
        has_news=lambda work: bool(_to_reject(work, str(close), draft_no)),
    )


def _to_reject(work: Work, close: str, draft_no: int | None) -> list[Run]:
    """The draft.

    Raises:
        Stop: it is posted, rejected already, or another draft took its place.
        AnotherPerson: nobody knows who this is.
    """
    approving(work)
    runs = all_runs(work)
    draft = waiting_draft(runs, close, draft_no)
    rejected = rejection(runs, draft)
    if rejected is not None:
        raise Stop(f"{rejected_in_words(rejected)}; that stands")
    return draft


def _reject(work: Work, close: str, why: str, draft_no: int | None) -> Report:
    draft, who, at = _to_reject(work, close, draft_no), approving(work), work.now.astimezone(dt.UTC)
    told = {"state": "rejected", "at": at, "by": who, "reason": why}
    work.store.add_few(SETTLEMENT_RUNS, [asdict(run) | told for run in draft])
    report = Report("reject", news=True, figures={"runs": len(draft), "draft": draft[0].draft_no})
    report.notes.append(
        f"draft {draft[0].draft_no} of {close} rejected by {who}: {why}; it cannot be posted. Once that is mended, "
        f"`podledger settle --period {close}` makes a new draft"
    )
    return report
