"""The days of the history benchmark: the same by their seed, alike from the first on, as the contract wants them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.history_devices import midnight_ms
from benchmarks.history_landing import History
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
