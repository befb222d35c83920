"""What must hold of the money before anybody is told: the suites over the ledger and what belongs to it."""

from expectations.gate import Outcome, check
from expectations.question import Question, Rows
from jobs.errors import GateClosed
from jobs.steps.work import Report, Work
from jobs.tables import (
    ALLOCATIONS,
    LEDGER,
    LISTEN_SETTLEMENTS,
    PAYMENTS,
    SETTLEMENT_RUNS,
    STATEMENTS,
    Table,
)

CHECKED: tuple[Table, ...] = (LEDGER, ALLOCATIONS, LISTEN_SETTLEMENTS, STATEMENTS, PAYMENTS, SETTLEMENT_RUNS)
RUNBOOK = "docs/runbooks/money.md"


def check_money(work: Work, report: Report) -> None:
    """Runs the suites on the tables as this step leaves them.

    Raises:
        GateClosed: a check failed; the step is taken back by the next command.
    """
    asked = {table.name: Rows(table.column_names, work.store.files(table), is_whole=True) for table in CHECKED}
    docs = work.settings.lake / "_closes" / "data_docs"
    outcomes = check(Question(work.store.scratch, asked, []), [], {}, docs, work.store.spread)
    report.figures["checks"] = len(outcomes)
    stopping = [outcome for outcome in outcomes if outcome.stops]
    if stopping:
        said = "\n  ".join(_said(outcome) for outcome in stopping)
        raise GateClosed(f"the money does not add up, nothing is posted or paid; see {RUNBOOK}\n  {said}")


def _said(outcome: Outcome) -> str:
    rows = f" ({outcome.rows:,} rows)" if outcome.rows is not None else ""
    return f"{outcome.table}: {outcome.name} {outcome.outcome}: {outcome.about}{rows} {outcome.detail}".rstrip()
