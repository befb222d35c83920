"""The days of the history benchmark: the same by their seed, alike from the first on, as the contract wants them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.history_course import Day
from benchmarks.history_devices import midnight_ms
from benchmarks.history_kept import OtherHistoryError, take_up
from benchmarks.history_landing import History
from benchmarks.lake_watch import Touched
from jobs.records.identity import record_id
from jobs.records.record import Record, read_record

DAYS, RECORDS, DEVICES = 12, 3_000, 600


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return land(tmp_path_factory.mktemp("history"))


def land(folder: Path) -> Path:
    history = History(folder, seed=3, records=RECORDS, devices=DEVICES)
    for _ in range(DAYS):
        history.land_day()
    return folder


def lines(landing: Path) -> list[dict[str, Any]]:
    files = sorted(landing.glob("sync/*/*/*.ndjson.gz"))
    return [json.loads(line) for path in files for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_the_same_seed_makes_the_same_bytes(landing: Path, tmp_path: Path) -> None:
    again = land(tmp_path)
    files = {path.relative_to(landing): path.read_bytes() for path in landing.rglob("*") if path.is_file()}
    assert files == {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}


def test_a_history_that_was_broken_off_goes_on_with_the_same_bytes(landing: Path, tmp_path: Path) -> None:
    for days in (DAYS - 3, DAYS):
        history = History(tmp_path, seed=3, records=RECORDS, devices=DEVICES)
        written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.gz")}
        for day in range(1, days + 1):
            history.land_day(is_there=1 < day <= DAYS - 5 and bool(written))
        assert {path: path.stat().st_mtime_ns for path in written} == written
    files = {path.relative_to(landing): path.read_bytes() for path in landing.rglob("*") if path.is_file()}
    assert files == {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_days_that_were_counted_are_taken_up(tmp_path: Path) -> None:
    folder, settings = tmp_path / "history", {"records": 10, "seed": 1}
    kept = take_up(folder, settings)
    first = Day(1, 10, seconds=2.5, touched=Touched(read_bytes=7, tables={"silver/events": {"opened": 3}}))
    kept.add(first)
    kept.add_audit(1, 0.5)
    kept.add_young(Day(1, 9))
    with kept.path.open("a") as lines:
        lines.write('{"day": {"day": 2, ')
    again = take_up(folder, settings)
    assert (again.days, again.audits, again.young) == ([first], {1: 0.5}, [Day(1, 9)])
    again.set_textbook([Day(1, 12)])
    assert take_up(folder, settings).textbook == [Day(1, 12)]
    again.forget_young()
    again.add_young(Day(1, 13))
    assert take_up(folder, settings).young == [Day(1, 13)]
    again.add(Day(2, 11))
    assert [day.records for day in take_up(folder, settings).days] == [10, 11]
    with pytest.raises(OtherHistoryError, match="--fresh"):
        take_up(folder, settings | {"seed": 2})


def test_days_are_alike(landing: Path) -> None:
    days = sorted((landing / "sync").iterdir())
    assert len(days) == DAYS
    landed = [sum(len(line["body"]["records"]) for line in lines_of(day)) for day in days]
    assert all(0.6 * RECORDS < records < 1.4 * RECORDS for records in landed)
    assert 0.9 * RECORDS < sum(landed) / DAYS < 1.1 * RECORDS


def lines_of(day: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in day.rglob("*.gz") for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_ids_are_those_of_the_content_but_for_a_few(landing: Path) -> None:
    right = wrong = 0
    for line in lines(landing):
        assert len(line["body"]["records"]) <= 500
        for value in line["body"]["records"]:
            record = read_record(value)
            assert isinstance(record, Record)
            if record.id == record_id(line["device_id"], line["body"]["log_epoch"], record):
                right += 1
            else:
                wrong += 1
    assert 0 < wrong < 0.005 * right


def test_a_fifth_are_copies_and_three_in_ten_come_late(landing: Path) -> None:
    first_seen: dict[str, int] = {}
    copies = 0
    for line in sorted(lines(landing), key=lambda line: line["received_ms"]):
        day = (line["received_ms"] - midnight_ms(1)) // 86_400_000
        for record in line["body"]["records"]:
            copies += record["id"] in first_seen
            first_seen.setdefault(record["id"], day - (record["wall_ms"] - midnight_ms(1)) // 86_400_000)
    assert 0.15 < copies / (copies + len(first_seen)) < 0.25
    same_day = sum(late <= 0 for late in first_seen.values()) / len(first_seen)
    assert 0.6 < same_day < 0.8
    assert max(first_seen.values()) > 14
