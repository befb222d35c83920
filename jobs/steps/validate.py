"""Validate: the expectations on what is about to be published; a failed one of severity stop closes the gate."""

import datetime as dt

from expectations.gate import FAILED, PASSED, Outcome, check, make_ready, suite_of
from expectations.question import Question, Rows, name_views
from jobs.errors import GateClosed
from jobs.published.reading import Publication, current
from jobs.steps.count import COUNT
from jobs.steps.landings import Landings
from jobs.steps.listens import LISTENS_STEP
from jobs.steps.shares import shares
from jobs.steps.work import Report, Step, Work
from jobs.tables import (
    BY_NAME,
    CLAIMS,
    EVENTS,
    GATE_RESULTS,
    LISTENS,
    REJECTED,
    RESTATEMENTS,
    RUNS,
    SYNC_BATCHES,
    SYNC_LINES,
    SYNC_RECORDS,
    TABLES,
)
from jobs.transforms.rules import in_force, names_a_product

LANDED = (SYNC_LINES, SYNC_RECORDS)
CHECKED = (*(table for table in TABLES if table.published and table not in (GATE_RESULTS, RUNS)), *LANDED, CLAIMS)
BY_DIFFERENCE = (EVENTS, LISTENS, RESTATEMENTS)
"""Tables of which only what a publication changes is in question, as of refusals and batches what is of the same time
besides, where one of the lines that landed may be told already; the others are small beside them."""
ROWS_OF_SHARE = 500_000
RUNBOOK = "docs/runbooks/gate.md"


def validate_step(whole: bool = False) -> Step:
    """The step that checks what the next publication changes, or the whole tables."""
    return Step(
        "validate",
        reads=CHECKED,
        writes=(GATE_RESULTS,),
        run=lambda work: _validate(work, whole),
        has_news=(lambda work: LISTENS.name in work.state.tables) if whole else None,
        follows=LISTENS_STEP.name,
        seen_by=COUNT.name,
        ahead=make_ready,
    )


def _validate(work: Work, whole: bool) -> Report:
    report = Report("validate", news=True)
    publication = None if whole else current(work.settings.lake)
    landings = _landings(work, publication)
    question = Question(work.store.scratch, _in_question(work, publication, landings), [])
    cut = [share.condition for share in shares(landings.rows_in(work, SYNC_RECORDS), ROWS_OF_SHARE)]
    docs = work.settings.lake / "_published" / "data_docs"
    outcomes = check(question, cut, _rules(work), docs, work.store.spread)
    _keep(work, outcomes)
    report.figures |= {"checks": len(outcomes), "passed": sum(one.outcome == PASSED for one in outcomes)}
    for outcome in outcomes:
        if outcome.outcome != PASSED and not outcome.stops:
            report.notes.append(f"warning: {_said(work, question, outcome)}")
    stopping = [outcome for outcome in outcomes if outcome.stops]
    if stopping:
        work.state.left_behind([GATE_RESULTS.name])
        work.state.save()
        said = "\n  ".join(_said(work, question, outcome) for outcome in stopping)
        raise GateClosed(f"the gate is closed, nothing was published; see {RUNBOOK}\n  {said}")
    return report


def _in_question(work: Work, publication: Publication | None, landings: Landings) -> dict[str, Rows]:
    """The rows to be checked by table, and those of the publication that they replace; all rows if there is none."""
    asked = {}
    published = {} if publication is None else publication.tables
    for table in CHECKED:
        since = published.get(table.name, -1)
        columns = work.store.columns(table)
        if table in LANDED:
            asked[table.name] = Rows(columns, landings.files(work, table), where=landings.condition)
        elif table is SYNC_BATCHES and publication is not None:
            asked[table.name] = _batches_of_that_time(work, landings, columns)
        elif table is REJECTED and since >= 0 and not landings.rows_in(work, CLAIMS):
            asked[table.name] = _refusals_of_that_time(work, landings, columns, since)
        elif table in BY_DIFFERENCE and since >= 0:
            asked[table.name] = Rows(columns, *work.store.differences(table, since))
        else:
            came, went = work.files(table, seen_by=COUNT.name), work.store.files(table, since)
            asked[table.name] = Rows(columns, came, went, is_whole=True)
    return asked


def _landings(work: Work, publication: Publication | None) -> Landings:
    """Those counted since the publication: what is landed but not counted yet is not in question."""
    done = work.state.done
    before = 0 if publication is None else done.get("published", {}).get("landing", 0)
    return Landings(before + 1, done.get("counted", {}).get("landing", 0))


def _batches_of_that_time(work: Work, landings: Landings, columns: list[str]) -> Rows:
    """Batches received when those of these landings were: what landed again was received at the same instant."""
    least, most = landings.received(work)
    files = work.files(SYNC_BATCHES, {"received_ms": (least, most)}, seen_by=COUNT.name)
    return Rows(columns, files, where=f"received_ms BETWEEN {least} AND {most}")


def _refusals_of_that_time(work: Work, landings: Landings, columns: list[str], since: int) -> Rows:
    """The same of refusals, and all in files that came since that version.

    Not where claims came: whether a claim was accepted before is told by what was refused at any time.
    """
    came, went = work.store.differences(REJECTED, since)
    return Rows(columns, sorted({*came, *landings.refusals_of_that_time(work)}), went, is_whole=True)


def _rules(work: Work) -> dict[str, str]:
    return {
        "min_heard_ms": in_force(work.rules.min_heard_ms, "listen_day"),
        "completed_percent": in_force(work.rules.completed_percent, "listen_day"),
        "impossible_day_ms": in_force(work.rules.impossible_day_ms, "day"),
        "is_bot": names_a_product(work.rules.bot_agents, "listen_day", "user_agent"),
    }


def _keep(work: Work, outcomes: list[Outcome]) -> None:
    publication = current(work.settings.lake)
    number = 1 if publication is None else publication.number + 1
    at = work.now.astimezone(dt.UTC)
    work.store.add_few(
        GATE_RESULTS,
        [
            {
                "publication": number,
                "checked_at": at,
                "table": one.table,
                "expectation": one.name,
                "severity": one.severity,
                "outcome": one.outcome,
                "unexpected_rows": one.rows,
                "about": one.about,
            }
            for one in outcomes
        ],
    )


def _said(work: Work, question: Question, outcome: Outcome) -> str:
    """What failed, in words, with the keys of some of its rows; personal values are not among them."""
    head = f"{outcome.table}: {outcome.name} {outcome.outcome}: {outcome.about}"
    if outcome.outcome != FAILED:
        return f"{head} ({outcome.detail})"
    keys = _keys(work, question, outcome)
    counted = f"{outcome.rows:,} rows" if outcome.rows is not None else "some rows"
    return f"{head} ({counted}{', such as ' + ', '.join(keys) if keys else ''})"


def _keys(work: Work, question: Question, outcome: Outcome) -> list[str]:
    table = BY_NAME[outcome.table]
    queries = [
        entry["kwargs"]["unexpected_rows_query"]
        for entry in (suite_of(table, _rules(work)) or {"expectations": []})["expectations"]
        if entry["meta"]["name"] == outcome.name and "unexpected_rows_query" in entry["kwargs"]
    ]
    if not queries:
        return []
    with work.store.engine() as sql:
        name_views(sql, question)
        found = sql.query(f"FROM ({queries[0]}) LIMIT {work.settings.gate_rows_shown}").to_pylist()
    named = [name for name in ("rule", *table.key) if found and name in found[0] and name not in table.personal]
    return [" ".join(f"{name}={row[name]}" for name in named) for row in found] if named else []


VALIDATE = validate_step()
