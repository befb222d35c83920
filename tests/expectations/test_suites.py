"""Every critical expectation catches its planted violation, and true tables pass them all."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.gate import FAILED, PASSED, SUITES, Outcome, suite_of
from expectations.gate import check as check_all
from jobs.lake.schema import spark_schema
from jobs.steps.validate import CHECKED
from jobs.tables import BY_NAME, RESTATEMENTS

RULES = {"min_heard_ms": "30000", "completed_percent": "95", "impossible_day_ms": "86400000"}
OVERLAPPING = "array_union(heard, array(heard[0], named_struct('from_ms', 0L, 'to_ms', 1L)))"

Plant = Callable[[DataFrame], DataFrame]


def put(column: str, value: str) -> Plant:
    """Gives every row that value, an SQL expression."""
    return lambda frame: frame.withColumn(column, F.expr(value))


def puts(**values: str) -> Plant:
    """Gives every row these values, SQL expressions over the row as it was."""
    return lambda frame: frame.withColumns({column: F.expr(value) for column, value in values.items()})


def twice(frame: DataFrame) -> DataFrame:
    return frame.unionAll(frame)


def without_some(frame: DataFrame) -> DataFrame:
    return frame.limit(frame.count() - 1)


def misnamed(frame: DataFrame) -> DataFrame:
    return frame.withColumnRenamed(frame.columns[-1], "surprise")


# Several violations of one table are planted at once where they leave each other alone.
PLANTED: list[tuple[str, Plant, set[str]]] = [
    ("silver/listens", twice, {"key_unique", "adds_up_to_events"}),
    (
        "silver/listens",
        puts(listen_id="md5('x')", sessions="0L", last_at="first_at - INTERVAL 1 HOUR"),
        {"listen_id_from_key", "figures_in_range", "times_in_order"},
    ),
    (
        "silver/listens",
        puts(heard_ms="heard_ms + 1", completed="NOT completed", status="'invalid'"),
        {"heard_adds_up", "completed_follows_length", "status_follows_rules"},
    ),
    ("silver/listens", put("heard", OVERLAPPING), {"heard_is_a_union"}),
    ("silver/listens", put("show_id", "'another'"), {"episode_known"}),
    ("silver/events", twice, {"key_unique"}),
    ("silver/events", put("to_ms", "CASE type WHEN 'progress' THEN 90000000000L END"), {"ends_with_episode"}),
    ("silver/events", put("rate_milli", "NULL"), {"progress_has_interval"}),
    (
        "silver/events",
        puts(at="received_at + INTERVAL 1 HOUR", episode_id="'ep-none'"),
        {"times_in_order", "episode_known"},
    ),
    ("silver/events", put("listen_day", "date_add(listen_day, 1)"), {"day_of_session"}),
    ("silver/rejected", twice, {"key_unique"}),
    ("silver/rejected", put("position", "0"), {"key_from_place"}),
    (
        "silver/rejected",
        lambda frame: (
            frame.join(frame.sparkSession.table("silver_events").limit(1).selectExpr("line_key AS other"))
            .withColumn("line_key", F.col("other"))
            .withColumn("position", F.lit(None).cast("int"))
            .drop("other")
        ),
        {"not_counted_too"},
    ),
    ("silver/device_logs", twice, {"key_unique", "covers_events"}),
    ("silver/device_logs", put("max_seq", "max_seq + 1000"), {"events_make_up_the_log"}),
    ("silver/device_logs", put("missing", "array(named_struct('from_seq', 9L, 'to_seq', 2L))"), {"missing_in_order"}),
    ("bronze/sync_batches", twice, {"key_unique"}),
    ("bronze/sync_batches", without_some, {"every_line_somewhere"}),
    ("bronze/episodes", twice, {"key_unique"}),
    ("silver/impossible_days", put("played_ms", "1L"), {"over_the_limit"}),
    ("gold/restatements", put("before", "after"), {"something_changed"}),
    ("gold/restatements", put("published_after", "published_before"), {"consecutive"}),
    ("gold/restatements", put("key", "'nobody'"), {"after_is_true"}),
]


@pytest.fixture(scope="module")
def frames(published_lake: Path) -> dict[str, DataFrame]:
    """The tables of a published lake, and a restatement that is true."""
    spark = SparkSession.getActiveSession()
    assert spark is not None
    read = {
        table.name: spark.read.format("delta").load(str(published_lake / table.name)).localCheckpoint()
        for table in CHECKED
    }
    one = read["silver/listens"].select("listen_id", "listen_day").limit(1).collect()[0]
    row = ("silver/listens", one[0], dt.date(2026, 10, 5), None, "{}", 1, 2, "late")
    read["gold/restatements"] = spark.createDataFrame([row], spark_schema(RESTATEMENTS))
    return read


def check(frames: dict[str, DataFrame], docs: Path, only: list[str] | None = None) -> list[Outcome]:
    """Checks these tables as a whole: nothing was published before."""
    return check_all(frames, {}, RULES, docs, only)


def failed(outcomes: list[Outcome], frames: dict[str, DataFrame]) -> set[str]:
    """Names of the stopping checks that failed; of a check with rules, the rules that rows break."""
    spark = next(iter(frames.values())).sparkSession
    names = set()
    for outcome in outcomes:
        if not outcome.stops:
            continue
        assert outcome.outcome == FAILED, outcome.detail
        if outcome.name != "rows_follow_rules":
            names.add(outcome.name)
            continue
        query = next(
            entry["kwargs"]["unexpected_rows_query"]
            for entry in suite(outcome.table)["expectations"]
            if entry["meta"]["name"] == outcome.name
        )
        names |= {row["rule"] for row in spark.sql(query).collect()}
    return names


def suite(table: str) -> dict[str, Any]:
    content = suite_of(BY_NAME[table], RULES)
    assert content is not None
    return content


@pytest.mark.spark
def test_true_tables_pass(frames: dict[str, DataFrame], tmp_path: Path) -> None:
    outcomes = check(frames, tmp_path)
    assert [one for one in outcomes if one.outcome != PASSED and one.stops] == []
    assert (tmp_path / "index.html").exists()


@pytest.mark.spark
@pytest.mark.parametrize(("table", "plant", "rules"), PLANTED, ids=[",".join(sorted(rules)) for *_, rules in PLANTED])
def test_a_planted_violation_stops(
    frames: dict[str, DataFrame], tmp_path: Path, table: str, plant: Plant, rules: set[str]
) -> None:
    planted = frames | {table: plant(frames[table])}
    outcomes = check(planted, tmp_path, only=[table])
    assert rules <= failed(outcomes, planted)


def test_every_critical_expectation_has_a_planted_violation() -> None:
    planted = {(table, rule) for table, _, rules in PLANTED for rule in rules}
    planted |= {(table, "columns") for table in (path.stem.replace(".", "/", 1) for path in SUITES.glob("*.json"))}
    planted.add(("bronze/sync_batches", "every_record_somewhere"))
    for path in SUITES.glob("*.json"):
        table = path.stem.replace(".", "/", 1)
        for entry in suite(table)["expectations"]:
            if entry["severity"] == "critical":
                rules = entry["meta"].get("rules") or [entry["meta"]["name"]]
                assert {(table, rule) for rule in rules} <= planted


@pytest.mark.spark
def test_a_table_with_other_columns_stops(frames: dict[str, DataFrame], tmp_path: Path) -> None:
    planted = {name: misnamed(frame) if name == "bronze/episodes" else frame for name, frame in frames.items()}
    outcomes = check(planted, tmp_path, only=["bronze/episodes"])
    assert "columns" in {one.name for one in outcomes if one.outcome == FAILED and one.stops}


@pytest.mark.spark
def test_a_record_that_vanished_stops(frames: dict[str, DataFrame], tmp_path: Path) -> None:
    for table, plant in (
        ("silver/rejected", lambda frame: frame.where("position IS NULL")),
        ("silver/device_logs", put("max_seq", "0L")),
        ("silver/device_logs", put("missing", "array(named_struct('from_seq', 1L, 'to_seq', max_seq))")),
    ):
        planted = frames | {table: plant(frames[table])}
        assert "every_record_somewhere" in failed(check(planted, tmp_path, only=["bronze/sync_batches"]), planted)


@pytest.mark.spark
def test_a_check_that_broke_is_not_one_that_failed(frames: dict[str, DataFrame], tmp_path: Path) -> None:
    planted = frames | {"silver/device_logs": frames["silver/device_logs"].drop("missing")}
    outcomes = {one.name: one for one in check(planted, tmp_path, only=["silver/device_logs"])}
    assert outcomes["rows_follow_rules"].outcome == "broke"
    assert outcomes["rows_follow_rules"].stops
    assert outcomes["columns"].outcome == FAILED
