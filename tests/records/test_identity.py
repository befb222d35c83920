import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from jobs.records.identity import listen_id, record_id, record_text
from jobs.records.record import Record, read_record

VECTORS = json.loads((Path(__file__).parents[1] / "golden/vectors/records.json").read_text(encoding="utf-8"))


def golden_record(vector: dict[str, Any]) -> Record:
    record = read_record(vector["record"] | {"id": vector["id"]})
    assert isinstance(record, Record)
    return record


@pytest.mark.parametrize("vector", VECTORS["records"], ids=lambda vector: vector["record"]["session_id"])
def test_record_id_is_the_golden_one(vector: dict[str, Any]) -> None:
    assert record_id(vector["device_id"], vector["log_epoch"], golden_record(vector)) == vector["id"]


@pytest.mark.parametrize("vector", VECTORS["listen_ids"], ids=lambda vector: vector["listen_id"])
def test_listen_id_is_the_golden_one(vector: dict[str, Any]) -> None:
    day = date.fromisoformat(vector["listen_day"])
    assert listen_id(vector["listener_id"], vector["episode_id"], day) == vector["listen_id"]


def test_absent_values_are_empty_lines_of_the_hashed_text() -> None:
    pause = golden_record(VECTORS["records"][1])
    assert record_text("dev", "e1", pause) == (
        "podledger/1\ndev\ne1\n42\ns-1\n1793491200000\npause\nep-0001\n1793491231005\n\n\n\n\n\n0"
    )


def test_the_id_a_record_carries_plays_no_part() -> None:
    pause = golden_record(VECTORS["records"][1])
    assert record_id("dev", "e1", replace(pause, id="")) == record_id("dev", "e1", pause)


def test_what_is_claimed_has_an_id_of_its_own() -> None:
    claimed = listen_id("ana", "ep-1", date(2026, 10, 5), evidence="claimed")
    assert claimed == sha256(b"listen/1/claimed\nana\nep-1\n2026-10-05").hexdigest()[:32]
    assert claimed != listen_id("ana", "ep-1", date(2026, 10, 5))
