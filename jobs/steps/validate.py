"""Validate: the expectations on what is about to be published; a failed one of severity stop closes the gate."""

import datetime as dt

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.gate import FAILED, PASSED, Outcome, check, suite_of
from jobs.errors import GateClosed
from jobs.published.reading import Publication, current, rows
from jobs.steps.count import COUNT
from jobs.steps.landings import Landings
from jobs.steps.listens import LISTENS_STEP
from jobs.steps.work import Report, Step, Work
from jobs.tables import (
    BY_NAME,
    EVENTS,
    GATE_RESULTS,
    LISTENS,
    RESTATEMENTS,
    RUNS,
    SYNC_BATCHES,
    SYNC_LINES,
    SYNC_RECORDS,
    TABLES,
)
from jobs.transforms.rules import in_force_sql

LANDED = (SYNC_LINES, SYNC_RECORDS)
CHECKED = (*(table for table in TABLES if table.published and table not in (GATE_RESULTS, RUNS)), *LANDED)
BY_DIFFERENCE = (EVENTS, LISTENS, RESTATEMENTS)
"""Tables of which only what a publication changes is in question; the others are small beside them."""
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
    )


def _validate(work: Work, whole: bool) -> Report:
    report = Report("validate", news=True)
    publication = None if whole else current(work.settings.lake)
    frames, gone = _in_question(work, publication)
    outcomes = check(frames, gone, _rules(work), work.settings.lake / "_published" / "data_docs")
    _keep(work, outcomes)
    report.figures |= {"checks": len(outcomes), "passed": sum(one.outcome == PASSED for one in outcomes)}
    for outcome in outcomes:
        if outcome.outcome != PASSED and not outcome.stops:
            report.notes.append(f"warning: {_said(work, outcome)}")
    stopping = [outcome for outcome in outcomes if outcome.stops]
    if stopping:
        work.state.left_behind([GATE_RESULTS.name])
        work.state.save()
        said = "\n  ".join(_said(work, outcome) for outcome in stopping)
        raise GateClosed(f"the gate is closed, nothing was published; see {RUNBOOK}\n  {said}")
    return report


def _in_question(work: Work, publication: Publication | None) -> tuple[dict[str, DataFrame], dict[str, DataFrame]]:
    """The rows to be checked by table, and those of the publication that they replace; all rows if there is none."""
    frames, gone = {}, {}
    landings = _landings(work, publication)
    published = {} if publication is None else publication.tables
    for table in CHECKED:
        since = published.get(table.name, -1)
        if table in LANDED:
            frames[table.name] = landings.of(work, table)
        elif table is SYNC_BATCHES and publication is not None:
            frames[table.name] = _batches_of_that_time(work, landings)
        elif table in BY_DIFFERENCE and since >= 0:
            frames[table.name], gone[table.name] = work.store.differences(table, since)
        else:
            frames[table.name] = work.read(table, seen_by=COUNT.name)
            gone[table.name] = work.store.read(table, since)
    return frames, gone


def _landings(work: Work, publication: Publication | None) -> Landings:
    """Those counted since the publication: what is landed but not counted yet is not in question."""
    done = work.state.done
    before = 0 if publication is None else done.get("published", {}).get("landing", 0)
    return Landings(before + 1, done.get("counted", {}).get("landing", 0))


def _batches_of_that_time(work: Work, landings: Landings) -> DataFrame:
    """Batches received when those of these landings were: what landed again was received at the same instant."""
    version = work.state.tables[SYNC_LINES.name]
    bounds = "min(received_ms) as least, max(received_ms) as most"
    (span,) = rows(work.settings.lake, SYNC_LINES.name, version, landings.condition, bounds).to_pylist()
    received = (span["least"] or 0, span["most"] or 0)
    batches = work.read(SYNC_BATCHES, within={"received_ms": received}, seen_by=COUNT.name)
    return batches.where(F.col("received_ms").between(*received))


def _rules(work: Work) -> dict[str, str]:
    return {
        "min_heard_ms": in_force_sql(work.rules.min_heard_ms, "listen_day"),
        "completed_percent": in_force_sql(work.rules.completed_percent, "listen_day"),
        "impossible_day_ms": in_force_sql(work.rules.impossible_day_ms, "day"),
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


def _said(work: Work, outcome: Outcome) -> str:
    """What failed, in words, with the keys of some of its rows; personal values are not among them."""
    head = f"{outcome.table}: {outcome.name} {outcome.outcome}: {outcome.about}"
    if outcome.outcome != FAILED:
        return f"{head} ({outcome.detail})"
    keys = _keys(work, outcome)
    counted = f"{outcome.rows:,} rows" if outcome.rows is not None else "some rows"
    return f"{head} ({counted}{', such as ' + ', '.join(keys) if keys else ''})"


def _keys(work: Work, outcome: Outcome) -> list[str]:
    table = BY_NAME[outcome.table]
    queries = [
        entry["kwargs"]["unexpected_rows_query"]
        for entry in (suite_of(table, _rules(work)) or {"expectations": []})["expectations"]
        if entry["meta"]["name"] == outcome.name and "unexpected_rows_query" in entry["kwargs"]
    ]
    if not queries:
        return []
    found = work.store.spark.sql(queries[0])
    named = [name for name in ("rule", *table.key) if name in found.columns and name not in table.personal]
    shown = found.select(*named).limit(work.settings.gate_rows_shown).collect() if named else []
    return [" ".join(f"{name}={row[name]}" for name in named) for row in shown]


VALIDATE = validate_step()
