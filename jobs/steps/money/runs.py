"""Runs as their table tells them: a row for each state a run came to."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.errors import Stop
from jobs.published.reading import rows
from jobs.steps.work import Work
from jobs.tables import SETTLEMENT_RUNS


@dataclass(frozen=True, slots=True)
class Run:
    """One row of ``gold/settlement_runs``."""

    run_id: str
    program: str
    period: str
    settlement_period: str
    kind: str
    draft_no: int
    state: str
    at: Any
    by: str
    inputs: str
    pools: str
    code: str
    config: str
    checksum: str
    reason: str | None = None

    @property
    def frozen(self) -> dict[str, Any]:
        """What it was worked out from: checksums, the archive, and its documents."""
        found: dict[str, Any] = json.loads(self.inputs)
        return found

    @property
    def rule(self) -> str:
        """The rule by which it divided."""
        return str(json.loads(self.config)["rule"])

    @property
    def takes_plays_as_they_are(self) -> bool:
        """Whether conf had it settled by the ad plays there were."""
        return bool(json.loads(self.config).get("plays_as_they_are", False))

    @property
    def money(self) -> list[dict[str, Any]]:
        """Its pools: figures by currency and campaign."""
        found: list[dict[str, Any]] = json.loads(self.pools)
        return found


def all_runs(work: Work) -> list[Run]:
    """Every row, in the order of closes and drafts."""
    version = work.state.tables.get(SETTLEMENT_RUNS.name, -1)
    found = [] if version < 0 else rows(work.settings.lake, SETTLEMENT_RUNS.name, version).to_pylist()
    return sorted(
        (Run(**row) for row in found), key=lambda run: (run.settlement_period, run.draft_no, run.program, run.period)
    )


def posted_runs(runs: Iterable[Run], program: str) -> list[Run]:
    """Posted runs of the program, in the order of their closes, so that the last of a period says most of it."""
    found = [run for run in runs if run.state == "posted" and run.program == program]
    return sorted(found, key=lambda run: (run.settlement_period, run.period))


def drafts(runs: Iterable[Run], close: str) -> int:
    """How many drafts there are of this close."""
    return max((run.draft_no for run in runs if run.settlement_period == close), default=0)


def draft_of(runs: Sequence[Run], close: str) -> list[Run]:
    """The runs of the newest draft of this close.

    Raises:
        Stop: nothing was settled for it yet.
    """
    newest = drafts(runs, close)
    if not newest:
        raise Stop(f"{close} is not settled yet: `podledger settle --period {close}` does that")
    return [run for run in runs if run.settlement_period == close and run.draft_no == newest and run.state == "settled"]


def waiting_draft(runs: Sequence[Run], close: str, draft_no: int | None = None) -> list[Run]:
    """The newest draft of this close, about which people may still say something; only that one, if it is given.

    Raises:
        Stop: there is none, or it is posted, or another took its place.
    """
    draft = draft_of(runs, close)
    if any(run.state == "posted" and run.settlement_period == close for run in runs):
        raise Stop(f"{close} is posted: there is nothing left to approve or to reject")
    if draft_no not in (None, draft[0].draft_no):
        raise Stop(f"draft {draft_no} of {close} is void, there is draft {draft[0].draft_no}: look at that one")
    return draft


def approvers(runs: Iterable[Run], run: Run) -> list[str]:
    """Who approved that run in its draft."""
    told = (run.run_id, run.draft_no, "approved")
    return sorted({one.by for one in runs if (one.run_id, one.draft_no, one.state) == told})


def overtaken(runs: Iterable[Run], draft: Sequence[Run]) -> str | None:
    """The month before that of this draft which was settled after it, if any: what both hold is told of that one."""
    later = (one for one in runs if one.state == "settled" and draft and one.at > draft[0].at)
    return min(
        (one.settlement_period for one in later if one.settlement_period < draft[0].settlement_period), default=None
    )


def rejection(runs: Iterable[Run], draft: Sequence[Run]) -> Run | None:
    """The first rejection of that draft: who did it, when and why; None where nobody did."""
    of_draft = {(run.run_id, run.draft_no) for run in draft}
    found = (one for one in runs if one.state == "rejected" and (one.run_id, one.draft_no) in of_draft)
    return min(found, key=lambda one: (one.at, one.by), default=None)


def rejected_in_words(rejected: Run) -> str:
    """Which draft was rejected, by whom and why."""
    return f"draft {rejected.draft_no} of {rejected.settlement_period} was rejected by {rejected.by}: {rejected.reason}"


def check_not_rejected(runs: Iterable[Run], draft: Sequence[Run]) -> None:
    """Checks that nobody rejected that draft.

    Raises:
        Stop: somebody did.
    """
    rejected = rejection(runs, draft)
    if rejected is not None:
        again = f"mend what is wrong, then `podledger settle --period {rejected.settlement_period}` makes a new draft"
        raise Stop(f"{rejected_in_words(rejected)}; {again}")


def settlers(runs: Iterable[Run], run: Run) -> list[str]:
    """Who settled that run, in whichever draft."""
    return sorted({one.by for one in runs if one.run_id == run.run_id and one.state == "settled"})
