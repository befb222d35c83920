"""Which files are put together, and which row groups of old ones a look-up reads."""

import datetime as dt
import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.transaction import RemoveAction

from jobs.lake import delta
from jobs.lake.lookup import FOUND_IN, rows_with
from jobs.lake.tiers import HeldFile, alike, due, has_turn
from jobs.tables import EVENTS, RUNS

MEGABYTE = 1024 * 1024
NEAR = ("bucket", "device_id", "log_epoch", "seq")


def _names(groups: list[list[HeldFile]]) -> list[list[str]]:
    return [[file.path for file in group] for group in groups]


def test_the_newest_files_stay_and_old_ones_of_one_size_are_put_together() -> None:
    files = [HeldFile(f"f{age}", MEGABYTE // 2, 100 - age) for age in range(7)]
    assert _names(due(files, 256 * MEGABYTE, 4, turn=True)) == [["f6", "f5", "f4", "f3"]]
    assert due(files[:6], 256 * MEGABYTE, 4, turn=True) == []
    large = [HeldFile(f"l{age}", 5 * MEGABYTE, 50 - age) for age in range(3)]
    assert _names(due([*files, *large], 256 * MEGABYTE, 4, turn=True)) == [["f6", "f5", "f4", "f3"]]
    assert due([HeldFile(f"l{age}", 5 * MEGABYTE, age) for age in range(20)], 8 * MEGABYTE, 4, turn=True) == []


def test_a_table_whose_turn_was_missed_is_put_together_all_the_same() -> None:
    files = [HeldFile(f"f{age}", MEGABYTE // 2, 100 - age) for age in range(11)]
    assert due(files[:10], 256 * MEGABYTE, 4, turn=False) == []
    assert [len(group) for group in due(files, 256 * MEGABYTE, 4, turn=False)] == [8]


@pytest.mark.parametrize(("size_bytes", "times"), [(MEGABYTE // 20, 6), (MEGABYTE, 4), (3 * MEGABYTE, 4)])
def test_every_day_is_written_anew_about_once_a_size_and_more_often_while_small(size_bytes: int, times: int) -> None:
    held, written, most = list[HeldFile](), 0, 0
    for day in range(400):
        held.append(HeldFile(f"d{day}", size_bytes, day))
        for number, group in enumerate(due(held, 256 * MEGABYTE, 4, turn=has_turn(day, 0, 4))):
            whole = HeldFile(f"m{day}.{number}", sum(file.size_bytes for file in group), group[-1].at_ms)
            held = [file for file in held if file not in group] + [whole]
            written += whole.size_bytes
        most = max(most, len(held))
    assert written < 400 * size_bytes * times
    assert most <= 18


def test_tables_that_gain_a_file_a_day_are_put_together_on_different_days() -> None:
    tables = [list[HeldFile]() for _ in range(12)]
    on = list[int]()
    for day in range(40):
        on.append(0)
        for place, held in enumerate(tables):
            held.append(HeldFile(f"d{day}", 1, day))
            for group in due(held, MEGABYTE, 4, turn=has_turn(day, place, 4)):
                tables[place][: len(group)] = [HeldFile("m", len(group), group[-1].at_ms)]
                on[-1] += 1
    assert on[10:] == [3] * 30


def test_small_files_that_are_written_anew_become_one() -> None:
    files = [HeldFile("a", 1, 0), HeldFile("b", 2 * MEGABYTE, 1), HeldFile("c", 1, 2)]
    assert _names(alike(files)) == [["a", "c"], ["b"]]


def test_ids_are_read_only_where_the_place_in_the_log_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = (*NEAR, "id")
    schema = pa.schema([("bucket", pa.int32()), *((name, pa.string()) for name in NEAR[1:3])])
    schema = schema.append(pa.field("seq", pa.int64())).append(pa.field("id", pa.string()))
    paths = [tmp_path / "new.parquet", tmp_path / "old.parquet"]
    for path, numbers in zip(paths, ((1, 7, 9), (1, 2, 3)), strict=True):
        with pq.ParquetWriter(path, schema) as writer:
            for device in ("d1", "d2"):
                rows = [(5, device, "e", seq, f"{device}-{seq}") for seq in numbers]
                columns = [list(column) for column in zip(*rows, strict=True)]
                writer.write_table(pa.table(dict(zip(names, columns, strict=True)), schema=schema))
    read: list[tuple[list[int], list[str]]] = []
    plain = pq.ParquetFile.read_row_groups

    def watched(file: pq.ParquetFile, groups: list[int], columns: list[str]) -> pa.Table:
        if groups:
            read.append((groups, columns))
        return plain(file, groups, columns)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", watched)
    asked = {"bucket": [5, 5], "device_id": ["d1", "d1"], "log_epoch": ["e", "e"], "seq": [2, 2]}
    wanted = pa.table({**asked, "id": ["d1-2", "a fork"]}, schema=schema)
    found = rows_with(EVENTS, paths, wanted, "id", NEAR, ("id",))
    assert found.to_pylist() == [{"id": "d1-2", FOUND_IN: str(paths[1])}]
    assert read == [([0], list(NEAR)), ([0], list(NEAR)), ([0], ["id"])]


def test_files_taken_out_weeks_ago_are_kept_as_long_as_asked(tmp_path: Path) -> None:
    folder, old_ms = tmp_path / RUNS.name, int((time.time() - 10 * 86_400) * 1000)
    delta.create(folder, RUNS)
    row = {"publication": 1, "at": dt.datetime.now(dt.UTC), "figures": {}, "versions": {}}
    delta.append(folder, RUNS, [row])
    (file,) = delta.held_files(folder)
    table = DeltaTable(str(folder))
    gone = RemoveAction(file.path, True, old_ms, file.size_bytes, {})
    table.create_write_transaction([gone], "append", table.schema(), None)
    os.utime(folder / file.path, (old_ms / 1000 - 86_400 * 90,) * 2)
    DeltaTable(str(folder)).create_checkpoint()
    assert delta.unneeded(folder, 24 * 30) == []
    assert delta.unneeded(folder, 24 * 9) == [folder / file.path]
