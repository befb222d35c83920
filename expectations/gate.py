"""The gate: runs the suites on what is about to be published, and says what came out of each check."""

import contextlib
import io
import json
import logging
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from jobs.tables import BY_NAME, Table

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

SUITES = Path(__file__).parent / "suites"
STOP, WARN = "stop", "warn"
PASSED, FAILED, BROKE = "passed", "failed", "broke"
# Nothing of a row leaves the table through a result: no values, no row samples.
QUIET = {"result_format": "BASIC", "partial_unexpected_count": 0, "include_unexpected_rows": False}


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

    In a query ``{batch}`` stands for the table, and each other ``{name}`` for the SQL of that rule.
    """
    path = SUITES / f"{table.name.replace('/', '.')}.json"
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for entry in content["expectations"]:
        if "unexpected_rows_query" in entry["kwargs"]:
            query = entry["kwargs"]["unexpected_rows_query"]
            for name, sql in {**rules, "batch": view_name(table.name)}.items():
                query = query.replace(f"{{{name}}}", sql)
            entry["kwargs"]["unexpected_rows_query"] = query
    return content


def view_name(table: str) -> str:
    """The name under which suites and SQL know a table: ``silver/listens`` is ``silver_listens``."""
    return table.replace("/", "_")


def check(
    frames: Mapping[str, DataFrame],
    gone: Mapping[str, DataFrame],
    rules: Mapping[str, str],
    docs: Path,
    only: Collection[str] | None = None,
) -> list[Outcome]:
    """Runs the suite of each table on the rows in question; nothing is raised for a check that fails or breaks.

    Every table is a view for the SQL of all suites, and so is what is ``gone`` of it: rows of the last publication
    that are no more, or not as they were; a table that is not named there has lost none. ``rules`` gives the SQL for
    each ``{name}`` in a query. ``docs`` is the folder in which Data Docs are built, ``only`` the tables whose suites
    are run.
    """
    for name, frame in frames.items():
        frame.createOrReplaceTempView(view_name(name))
        gone.get(name, frame.limit(0)).createOrReplaceTempView(f"{view_name(name)}_gone")
    chosen = {name: frame for name, frame in frames.items() if only is None or name in only}
    suites = {name: content for name in chosen if (content := suite_of(BY_NAME[name], rules)) is not None}
    queries = [query for content in suites.values() for query in _queries(content)]
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints hints that are not for this reader
        return _checked(chosen, suites, rows_found(next(iter(frames.values())).sparkSession, queries), docs)


def rows_found(spark: SparkSession, queries: Sequence[str]) -> dict[str, int | str]:
    """How many rows each query finds, all in one Spark job; where one breaks, each by itself, and why it broke."""
    if not queries:
        return {}
    counts = [f"SELECT {place} AS place, count(*) AS rows FROM ({query})" for place, query in enumerate(queries)]
    try:
        found = spark.sql(" UNION ALL ".join(counts)).collect()
    except PySparkException as error:
        if len(queries) == 1:
            return {queries[0]: str(error)}
        return {query: rows for one in queries for query, rows in rows_found(spark, [one]).items()}
    return {queries[row["place"]]: row["rows"] for row in found}


def _queries(content: Mapping[str, Any]) -> list[str]:
    given = (entry["kwargs"].get("unexpected_rows_query") for entry in content["expectations"])
    return [query for query in given if query is not None]


def _checked(
    frames: Mapping[str, DataFrame],
    suites: Mapping[str, dict[str, Any]],
    counted: Mapping[str, int | str],
    docs: Path,
) -> list[Outcome]:
    import great_expectations as gx

    from expectations import expect_no_rows  # makes the expectation known to the library

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    _add_docs(context, docs)
    source = context.data_sources.add_spark(name="lake", persist=False)
    expect_no_rows.COUNTED.clear()
    expect_no_rows.COUNTED.update(counted)
    outcomes: list[Outcome] = []
    for name, content in suites.items():
        batch = source.add_dataframe_asset(name=view_name(name)).add_batch_definition_whole_dataframe("to_be_published")
        outcomes += _run(context, batch, name, content, frames[name])
    context.build_data_docs()
    return outcomes


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


def _run(context: Any, batch: Any, name: str, content: dict[str, Any], frame: DataFrame) -> list[Outcome]:
    import great_expectations as gx

    suite = context.suites.add(gx.ExpectationSuite(**{**content, "name": view_name(name)}))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=view_name(name), data=batch, suite=suite)
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=view_name(name), validation_definitions=[definition], result_format=QUIET)
    )
    ran = checkpoint.run(batch_parameters={"dataframe": frame})
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
