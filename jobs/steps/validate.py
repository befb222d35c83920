"""Validate: the expectations on what is about to be published; a failed one of severity stop closes the gate."""

import datetime as dt

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.gate import FAILED, PASSED, Outcome, check, suite_of, view_name
from jobs.errors import GateClosed
from jobs.lake.schema import spark_schema
from jobs.published.reading import current
from jobs.steps.work import Report, Step, Work
from jobs.tables import BY_NAME, EPISODES, GATE_RESULTS, RUNS, SYNC_LINES, TABLES

CHECKED = (*(table for table in TABLES if table.published and table not in (GATE_RESULTS, RUNS)), SYNC_LINES)
RUNBOOK = "docs/runbooks/gate.md"


def _validate(work: Work) -> Report:
    report = Report("validate", news=True)
    frames = {table.name: work.read(table) for table in CHECKED}
    frames[SYNC_LINES.name] = _lines_to_account_for(work)
    outcomes = check(frames, work.settings.lake / "_published" / "data_docs")
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
    work.state.done["validated"] = dict(work.state.done.get("counted", {}))
    return report


def _lines_to_account_for(work: Work) -> DataFrame:
    """Landed lines whose whereabouts are not checked yet: the new ones, or all once a catalogue has changed."""
    same_catalogue = work.before("validate", EPISODES) == work.state.tables.get(EPISODES.name, -1)
    checked = work.state.done.get("validated", {}).get("landing", 0) if same_catalogue else 0
    ids = F.transform("records", lambda record: F.struct(record["id"].alias("id"))).alias("records")
    lines = work.read(SYNC_LINES).where(F.col("landed_in") > checked)
    return lines.select("line_key", "reason", ids)


def _keep(work: Work, outcomes: list[Outcome]) -> None:
    publication = current(work.settings.lake)
    number = 1 if publication is None else publication.number + 1
    at = work.now.astimezone(dt.UTC)
    rows = [(number, at, one.table, one.name, one.severity, one.outcome, one.rows, one.about) for one in outcomes]
    work.store.append(GATE_RESULTS, work.store.spark.createDataFrame(rows, spark_schema(GATE_RESULTS)))


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
        for entry in (suite_of(table) or {"expectations": []})["expectations"]
        if entry["meta"]["name"] == outcome.name and "unexpected_rows_query" in entry["kwargs"]
    ]
    if not queries:
        return []
    rows = work.store.spark.sql(queries[0].replace("{batch}", view_name(table.name)))
    named = [name for name in ("rule", *table.key) if name in rows.columns and name not in table.personal]
    found = rows.select(*named).limit(work.settings.gate_rows_shown).collect() if named else []
    return [" ".join(f"{name}={row[name]}" for name in named) for row in found]


VALIDATE = Step("validate", reads=CHECKED, writes=(GATE_RESULTS,), run=_validate)
