"""What a process knows of tables: commits are seen, whoever made them, and old files that are still named are kept."""

import datetime as dt
import os
import shutil
import time
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.transaction import RemoveAction
from pyspark.sql import SparkSession

from jobs.lake import delta, snapshots
from jobs.lake.memory import memory_for
from jobs.lake.parts import Part
from jobs.lake.store import Store
from jobs.tables import DEVICE_DAYS, REJECTED, RUNS, Table

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def run(number: int) -> dict[str, object]:
    return {"publication": number, "at": NOW, "figures": {}, "versions": {}}


def refusal(key: str, received_at: dt.datetime | None) -> dict[str, object]:
    told = {"key": key, "reason": "malformed", "receipt": None, "dialect": None, "raw": "", "line_key": key}
    return told | {"received_at": received_at, "bucket": 0}


def no_spark() -> SparkSession:
    raise AssertionError("no need of it")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return made(tmp_path, RUNS)


def made(lake: Path, table: Table) -> Path:
    delta.create(lake / table.name, table)
    return lake / table.name


def test_commits_are_seen_whoever_made_them(runs: Path) -> None:
    assert delta.held_files(runs) == []
    delta.append(runs, RUNS, [run(1)])
    first = delta.held_files(runs)
    other = DeltaTable(str(runs))
    other.delete("publication = 1")
    assert delta.held_files(runs) == []
    assert delta.held_files(runs, 1) == first
    delta.append(runs, RUNS, [run(2)])
    assert (snapshots.version_of(runs), delta.count(runs)) == (3, 1)


def test_no_commit_is_missed_where_a_table_is_opened_anew(runs: Path) -> None:
    for number in range(snapshots.COMMITS_READ_SINGLY + 2):
        delta.append(runs, RUNS, [run(number)])
        assert len(delta.held_files(runs)) == number + 1


def test_a_table_made_anew_is_not_taken_for_the_old_one(runs: Path, tmp_path: Path) -> None:
    delta.append(runs, RUNS, [run(1)])
    (old,) = delta.held_files(runs)
    shutil.rmtree(runs)
    made(tmp_path, RUNS)
    delta.append(runs, RUNS, [run(1)])
    (new,) = delta.held_files(runs)
    assert new.path != old.path


def test_rows_without_a_value_are_in_question_where_they_are_asked_for(tmp_path: Path) -> None:
    folder = made(tmp_path, REJECTED)
    for rows in ([refusal("old", NOW)], [refusal("new", NOW + dt.timedelta(days=3)), refusal("line", None)]):
        delta.append(folder, REJECTED, rows)
    old, new = sorted(delta.held_files(folder), key=lambda file: file.at_ms)
    assert delta.held_files(folder, None, {"received_at": (NOW, NOW)}) == [old]
    assert delta.held_files(folder, None, {"received_at": {None}}) == [new]
    assert {file.path for file in delta.held_files(folder, None, {"received_at": {None, NOW}})} == {old.path, new.path}


def test_logs_remember_for_as_long_as_is_set(tmp_path: Path) -> None:
    Store(tmp_path, no_spark).ensure([RUNS])
    store = Store(tmp_path, no_spark, memory_for(30))
    for _ in range(2):
        store.ensure([RUNS])
    table = DeltaTable(str(store.folder(RUNS)))
    remembers = table.metadata().configuration
    assert remembers["delta.deletedFileRetentionDuration"] == "interval 37 days"
    assert remembers["delta.logRetentionDuration"] == "interval 120 days"
    assert table.version() == 1


def test_logs_remember_longer_than_publications_are_kept() -> None:
    assert [memory_for(days).version_days for days in (1, 90, 365)] == [120, 120, 395]
    assert [memory_for(days).removed_days for days in (1, 90, 365)] == [8, 97, 372]


def test_files_of_a_version_in_force_stay_though_the_log_forgot_that_they_went(runs: Path, tmp_path: Path) -> None:
    delta.append(runs, RUNS, [run(1)])
    (file,) = delta.held_files(runs)
    long_ago_ms = int((time.time() - 500 * 86_400) * 1000)
    table = DeltaTable(str(runs))
    gone = RemoveAction(file.path, True, long_ago_ms, file.size_bytes, {})
    table.create_write_transaction([gone], "append", table.schema(), None)
    os.utime(runs / file.path, (long_ago_ms / 1000,) * 2)
    store = Store(tmp_path, no_spark)
    assert store.vacuum(RUNS, 24, kept_version=1) == 0
    assert (runs / file.path).exists()
    assert store.vacuum(RUNS, 24, kept_version=2) == 1
    assert not (runs / file.path).exists()


def test_rows_of_some_days_are_estimated_by_the_first_and_the_last_of_each_file(tmp_path: Path) -> None:
    folder = made(tmp_path, DEVICE_DAYS)
    days = [dt.date(2026, 3, 1) + dt.timedelta(days=day) for day in range(30)]
    assert delta.about_on(folder, None, "day", {days[0]}) == 0
    for first, last, rows in ((0, 9, 1_000), (10, 10, 50), (20, 29, 7)):
        least, most = {"day": days[first], "bucket": 0}, {"day": days[last], "bucket": 0}
        part = Part(f"{first}.parquet", 1, rows, least, most, {"day": 0, "bucket": 0})
        delta.commit(folder, DEVICE_DAYS, [part])
    assert delta.about_on(folder, None, "day", set(days)) == delta.count(folder) == 1_057
    assert delta.about_on(folder, None, "day", {days[3], days[4], days[10]}) == 250
    assert delta.about_on(folder, None, "day", {days[25]}) == 1
    assert delta.about_on(folder, None, "day", {days[15]}) == 0
    assert delta.about_on(folder, 1, "day", set(days)) == 1_000
