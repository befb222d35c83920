"""A draft beside the month before: what people look at before they approve."""

from collections.abc import Sequence

from jobs.finance.amounts import in_words
from jobs.lake.engine import Engine
from jobs.steps.money.draft import Close
from jobs.steps.money.runs import Run, posted_runs
from jobs.steps.work import Work
from jobs.tables import ALLOCATIONS

PAYEES_SHOWN = 5
ODD_PERCENT = 50
"""A payee whose amount changes by more than this much of what it was looks odd."""


def compared(work: Work, close: Close, ids: Sequence[str], runs: Sequence[Run]) -> list[str]:
    """For each run: payees, what is held and unassigned, and who changes most against the run posted before it.

    For the month being closed that is the month before it, for an older month its own last run.
    """
    said = []
    with work.store.engine() as sql:
        sql.files("allocations", ALLOCATIONS, work.store.files(ALLOCATIONS))
        for one, run_id in zip(close.runs, ids, strict=True):
            posted = posted_runs(runs, one.program.name)
            wanted = str(one.period.plus(-1) if one.period == close.month else one.period)
            earlier = [run for run in posted if run.period == wanted]
            before = earlier[-1] if earlier else None
            said += _told(sql, f"{one.program.name} {one.period}", run_id, before)
    return said


def _told(sql: Engine, name: str, run_id: str, before: Run | None) -> list[str]:
    totals = sql.query(f"""
        SELECT currency, count(DISTINCT payee_id) AS payees, sum(held_minor)::BIGINT AS held,
            coalesce(sum(amount_minor) FILTER (payee_id IS NULL), 0)::BIGINT AS unassigned
        FROM allocations WHERE run_id = '{run_id}' GROUP BY currency ORDER BY currency""").to_pylist()
    said = [
        f"{name}: {row['payees']:,} payees, on hold {in_words(row['held'], row['currency'])}, "
        f"without a split {in_words(row['unassigned'], row['currency'])}"
        for row in totals
    ]
    if before is None:
        return [*said, f"{name}: nothing posted to compare it with"]
    changes = sql.query(f"""
        SELECT payee_id, currency, coalesce(n.amount, 0) AS now, coalesce(b.amount, 0) AS before
        FROM ({_by_payee(run_id)}) AS n FULL JOIN ({_by_payee(before.run_id)}) AS b USING (payee_id, currency)
        WHERE coalesce(n.amount, 0) <> coalesce(b.amount, 0)
        ORDER BY abs(coalesce(n.amount, 0) - coalesce(b.amount, 0)) DESC, payee_id, currency""").to_pylist()
    for row in changes[:PAYEES_SHOWN]:
        now, then = (in_words(row[column], row["currency"]) for column in ("now", "before"))
        odd = abs(row["now"] - row["before"]) * 100 > row["before"] * ODD_PERCENT
        said.append(f"{name}: {row['payee_id']} {now}, {before.period} {then}{', odd' if odd else ''}")
    more = len(changes) - PAYEES_SHOWN
    return [*said, f"{name}: {more:,} more payees change"] if more > 0 else said


def _by_payee(run_id: str) -> str:
    return f"""
        SELECT payee_id, currency, sum(amount_minor)::BIGINT AS amount
        FROM allocations WHERE run_id = '{run_id}' AND payee_id IS NOT NULL GROUP BY ALL"""
