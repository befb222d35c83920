"""What must hold of the money before anybody is told: the suites over the ledger and what belongs to it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from expectations.gate import Outcome, check
from expectations.question import Question, Rows
from jobs.errors import GateClosed
from jobs.finance.periods import Period
from jobs.lake.log import history
from jobs.lake.schema import quoted
from jobs.steps.money.draft import Close
from jobs.steps.money.freezing import Span
from jobs.steps.money.runs import all_runs
from jobs.steps.work import Report, Work
from jobs.tables import (
    ALLOCATIONS,
    EVENTS,
    HOLDS,
    LEDGER,
    LISTEN_SETTLEMENTS,
    LISTENS,
    PAYMENTS,
    RULE_COSTS,
    SETTLEMENT_RUNS,
    STATEMENTS,
    Table,
)

OF_DRAFTS: tuple[Table, ...] = (ALLOCATIONS, LISTEN_SETTLEMENTS, HOLDS, RULE_COSTS, SETTLEMENT_RUNS)
CHECKED: tuple[Table, ...] = (LEDGER, STATEMENTS, PAYMENTS, *OF_DRAFTS)
BESIDE: tuple[Table, ...] = (LISTENS, EVENTS)
"""Tables that checks of the money look at, but only where a month is settled."""
RUNBOOK = "docs/runbooks/money.md"
NOTHING_KNOWN = {
    "splits_in_force": "(SELECT NULL::VARCHAR AS show_id LIMIT 0)",
    "ledger_history": "(SELECT 0 AS version, '' AS operation, true AS ours, 0 AS removed LIMIT 0)",
    "minimums": "(SELECT NULL::VARCHAR AS end_to_end_id, 0 AS minimum_minor LIMIT 0)",
    "frozen": "(SELECT NULL::VARCHAR AS listen_id, 0::BIGINT AS heard_ms LIMIT 0)",
    "undecided": "(SELECT NULL::VARCHAR AS listen_id, NULL::VARCHAR AS settlement_period LIMIT 0)",
    "cut_off": "TIMESTAMPTZ '1970-01-01 00:00:00+00'",
}
"""What suites ask for by name and no table tells, as SQL: relations that are empty where it is not known."""


def check_money(work: Work, report: Report, minimums: Mapping[str, int] | None = None) -> None:
    """Runs the suites on the tables as this step leaves them.

    ``minimums`` are what the payments that this step issues must come to at least, by their end-to-end ids.

    Raises:
        GateClosed: a check failed; the step is taken back by the next command.
    """
    asked = _as_left(work, CHECKED)
    asked |= {table.name: Rows(table.column_names, [], is_whole=True) for table in BESIDE}
    rules = NOTHING_KNOWN | {
        "splits_in_force": _splits_in_force(work),
        "ledger_history": _history(work.store.folder(LEDGER)),
        "minimums": _minimums(minimums or {}),
    }
    _check(work, report, asked, rules, [table.name for table in CHECKED])


def check_draft(work: Work, report: Report, close: Close, decisions: pa.Table) -> None:
    """Checks what the draft of this close holds, and what rules cost in it.

    ``decisions`` are those in force: their ``listen_id`` may be paid although a rule holds it.

    Raises:
        GateClosed: a check failed; the step is taken back by the next command.
    """
    with work.store.engine() as sql:
        sql.rows("decisions", decisions)
        decided = sql.save(work.store.scratch, "FROM decisions")
    held = f"SELECT DISTINCT listen_id, '{close.month}' AS settlement_period FROM gold_holds"
    known = f"settlement_period <= '{close.month}'"
    undecided = f"({held} ANTI JOIN read_parquet({quoted(str(decided))}) USING (listen_id) WHERE {known})"
    rules = NOTHING_KNOWN | {"undecided": undecided}
    _check(work, report, _as_left(work, OF_DRAFTS), rules, [HOLDS.name, RULE_COSTS.name])


def check_frozen(work: Work, report: Report, close: Close, frozen: Sequence[Path]) -> None:
    """Checks what a close was frozen from: what was known before its cut-off, all of it and nothing else.

    Raises:
        GateClosed: it is not.
    """
    span = Span(min(one.period for one in close.runs).first_day, close.month.last_day, close.cut_off)
    near = {"listen_day": (span.first, span.last)}
    asked = {
        table.name: Rows(table.column_names, work.files(table, near), where=span.days, is_whole=True)
        for table in BESIDE
    }
    asked |= _as_left(work, [LISTEN_SETTLEMENTS])
    rules = NOTHING_KNOWN | {"cut_off": span.instant}
    if frozen:
        listed = ", ".join(quoted(str(path)) for path in frozen)
        rules["frozen"] = f"(SELECT listen_id, heard_ms FROM read_parquet([{listed}]))"
    _check(work, report, asked, rules, [LISTEN_SETTLEMENTS.name])


def _as_left(work: Work, tables: Sequence[Table]) -> dict[str, Rows]:
    """These tables as a whole, as this step leaves them."""
    return {table.name: Rows(table.column_names, work.store.files(table), is_whole=True) for table in tables}


def _check(
    work: Work, report: Report, asked: Mapping[str, Rows], rules: Mapping[str, str], only: Sequence[str]
) -> None:
    docs = work.settings.lake / "_closes" / "data_docs"
    outcomes = check(Question(work.store.scratch, asked, []), [], rules, docs, work.store.spread, only)
    report.figures["checks"] = report.figures.get("checks", 0) + len(outcomes)
    stopping = [outcome for outcome in outcomes if outcome.stops]
    if stopping:
        said = "\n  ".join(_said(outcome) for outcome in stopping)
        raise GateClosed(f"the money does not add up, nothing is written down; see {RUNBOOK}\n  {said}")


def _splits_in_force(work: Work) -> str:
    """Shows with a split on the first day of the month closed last, as that close had the splits."""
    posted = [run for run in all_runs(work) if run.state == "posted"]
    if not posted:
        return NOTHING_KNOWN["splits_in_force"]
    last = max(posted, key=lambda run: run.settlement_period)
    path = work.settings.lake / last.frozen["archive"] / "splits.parquet"
    day = f"DATE '{Period.read(last.settlement_period).first_day}'"
    in_force = f"valid_from <= {day} AND (valid_to IS NULL OR {day} < valid_to)"
    return f"(SELECT DISTINCT show_id FROM read_parquet({quoted(str(path))}) WHERE {in_force})"


def _history(ledger: Path) -> str:
    rows = ", ".join(
        f"({commit.version}, {quoted(commit.operation)}, {commit.ours}, {commit.removed})" for commit in history(ledger)
    )
    return f"(SELECT * FROM (VALUES {rows}) AS h(version, operation, ours, removed))"


def _minimums(known: Mapping[str, int]) -> str:
    if not known:
        return NOTHING_KNOWN["minimums"]
    rows = ", ".join(f"({quoted(name)}, {minimum})" for name, minimum in known.items())
    return f"(SELECT * FROM (VALUES {rows}) AS m(end_to_end_id, minimum_minor))"


def _said(outcome: Outcome) -> str:
    rows = f" ({outcome.rows:,} rows)" if outcome.rows is not None else ""
    return f"{outcome.table}: {outcome.name} {outcome.outcome}: {outcome.about}{rows} {outcome.detail}".rstrip()
