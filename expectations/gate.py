"""The gate: runs the suites on what is about to be published, and says what came out of each check."""

import contextlib
import importlib
import io
import json
import logging
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from expectations.question import Question, rows_found, view_name
from jobs.tables import BY_NAME, Table

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

SUITES = Path(__file__).parent / "suites"
STOP, WARN = "stop", "warn"
PASSED, FAILED, BROKE = "passed", "failed", "broke"
# Nothing of a row leaves the table through a result: no values, no row samples.
QUIET = {"result_format": "BASIC", "partial_unexpected_count": 0, "include_unexpected_rows": False}

Spread = Callable[[Callable[[Question], dict[str, int | str]], Sequence[Question]], list[dict[str, int | str]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of one check; ``rows`` counts those against it where it counts rows."""

    table: str
    name: str
    severity: str
    outcome: str
    about: str
    rows: int | None
    detail: str = ""

    @property
    def stops(self) -> bool:
        """Whether the publication must not go on; a check that broke says nothing, so it stops too."""
        return self.outcome == BROKE or (self.outcome == FAILED and self.severity == STOP)


def suite_of(table: Table, rules: Mapping[str, str]) -> dict[str, Any] | None:
    """The table's suite as its JSON file has it, queries filled in; None for a table without one.

    In a query ``{batch}`` stands for the table, ``{broken_rules}`` and ``{a_rule_is_broken}`` for the rules that the
    expectation names with their SQL conditions, and each other ``{name}`` for the SQL of that dated rule.
    """
    path = SUITES / f"{table.name.replace('/', '.')}.json"
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for entry in content["expectations"]:
        if "unexpected_rows_query" in entry["kwargs"]:
            query = entry["kwargs"]["unexpected_rows_query"]
            for name, sql in {**_conditions(entry["meta"]), **rules, "batch": view_name(table.name)}.items():
                query = query.replace(f"{{{name}}}", sql)
            entry["kwargs"]["unexpected_rows_query"] = query
    return content


def _conditions(meta: Mapping[str, Any]) -> dict[str, str]:
    conditions = meta.get("rules", {})
    named = ", ".join(f"CASE WHEN {condition} THEN '{name}' END" for name, condition in conditions.items())
    return {
        "broken_rules": f"unnest(list_filter([{named}], lambda rule: rule IS NOT NULL))",
        "a_rule_is_broken": " OR ".join(f"({condition})" for condition in conditions.values()),
    }


def make_ready() -> None:
    """Loads the library, which takes seconds: worth doing while others work."""
    importlib.import_module("great_expectations")
    importlib.import_module("expectations.expect_no_rows")


def check(
    question: Question,
    shares: Sequence[str],
    rules: Mapping[str, str],
    docs: Path,
    spread: Spread,
    only: Collection[str] | None = None,
) -> list[Outcome]:
    """Runs the suite of each table on the rows in question; nothing is raised for a check that fails or breaks.

    ``shares`` are conditions that cut the devices into shares: an expectation that says so is asked of each alone.
    ``rules`` gives the SQL for each ``{name}`` in a query, ``docs`` is the folder in which Data Docs are built, and
    ``spread`` runs a task for each of several items; ``only`` names the tables whose suites are run.
    """
    chosen = [name for name in question.tables if only is None or name in only]
    suites = {name: content for name in chosen if (content := suite_of(BY_NAME[name], rules)) is not None}
    asked = _questions(question, shares, suites)
    counted = _added_up(spread(rows_found, asked))
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints hints that are not for this reader
        return _checked(question, suites, counted, docs)


def _questions(question: Question, shares: Sequence[str], suites: Mapping[str, dict[str, Any]]) -> list[Question]:
    """The same question for each share, and for the queries that need all shares at once; one if there is one share."""
    by_share: list[str] = []
    whole: list[str] = []
    for content in suites.values():
        for entry in content["expectations"]:
            query = entry["kwargs"].get("unexpected_rows_query")
            if query is not None:
                (by_share if entry["meta"].get("by_share") else whole).append(query)
    if len(shares) == 1:
        return [replace(question, queries=[*whole, *by_share])]
    asked = [replace(question, queries=whole)] if whole else []
    return asked + [replace(question, queries=by_share, share=share) for share in shares if by_share]


def _added_up(found: Iterable[Mapping[str, int | str]]) -> dict[str, int | str]:
    counted: dict[str, int | str] = {}
    for one in found:
        for query, rows in one.items():
            before = counted.get(query, 0)
            counted[query] = before + rows if isinstance(before, int) and isinstance(rows, int) else f"{before or rows}"
    return counted


def _checked(
    question: Question, suites: Mapping[str, dict[str, Any]], counted: Mapping[str, int | str], docs: Path
) -> list[Outcome]:
    import great_expectations as gx

    from expectations import expect_no_rows  # makes the expectation known to the library

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    _add_docs(context, docs)
    source = context.data_sources.add_pandas(name="lake")
    expect_no_rows.COUNTED.clear()
    expect_no_rows.COUNTED.update(counted)
    outcomes: list[Outcome] = []
    for name, content in suites.items():
        batch = source.add_dataframe_asset(name=view_name(name)).add_batch_definition_whole_dataframe("to_be_published")
        outcomes += _run(context, batch, name, content, question.tables[name].columns)
    context.build_data_docs()
    _leave_no_empty_folder(docs)
    return outcomes


def _leave_no_empty_folder(docs: Path) -> None:
    """Of results that are shown no longer the library removes the pages and leaves their folders, for ever."""
    for folder, _, _ in os.walk(docs, topdown=False):
        if not any(Path(folder).iterdir()):
            Path(folder).rmdir()


def _add_docs(context: Any, docs: Path) -> None:
    for site in list(context.get_site_names() or []):
        context.delete_data_docs_site(site)
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)}
    index = {"class_name": "DefaultSiteIndexBuilder", "show_how_to_buttons": False}
    context.add_data_docs_site(
        "podledger",
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": backend,
            "site_index_builder": index,
        },
    )


def _run(context: Any, batch: Any, name: str, content: dict[str, Any], columns: list[str]) -> list[Outcome]:
    import great_expectations as gx
    import pandas as pd

    suite = context.suites.add(gx.ExpectationSuite(**{**content, "name": view_name(name)}))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=view_name(name), data=batch, suite=suite)
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=view_name(name), validation_definitions=[definition], result_format=QUIET)
    )
    ran = checkpoint.run(batch_parameters={"dataframe": pd.DataFrame(columns=columns)})
    (result,) = ran.run_results.values()
    return [_outcome(name, entry) for entry in result.results]


def _outcome(table: str, entry: Any) -> Outcome:
    config = entry.expectation_config
    meta = config.meta or {}
    broke = _exception(entry.exception_info)
    result = entry.result or {}
    return Outcome(
        table=table,
        name=meta["name"],
        severity=STOP if str(config.severity) in ("critical", "FailureSeverity.CRITICAL") else WARN,
        outcome=BROKE if broke else PASSED if entry.success else FAILED,
        about=str(config.kwargs.get("description") or config.description or ""),
        rows=_rows(result),
        detail=broke,
    )


def _rows(result: Mapping[str, Any]) -> int | None:
    for name in ("unexpected_count", "observed_value"):
        if isinstance(result.get(name), int):
            return int(result[name])
    return None


def _exception(info: Mapping[str, Any] | None) -> str:
    """The message of a check that broke; empty for one that ran. GX keys it by metric, or not at all."""
    if not info:
        return ""
    entries = [info] if "raised_exception" in info else list(info.values())
    messages = [str(entry.get("exception_message")) for entry in entries if entry.get("raised_exception")]
    return "; ".join(messages)
