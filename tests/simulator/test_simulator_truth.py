"""What the simulator says happened is what a plain reading of its landing folder finds."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simulator.broken_records import BREAKAGES as BROKEN_RECORDS
from simulator.envelope import BREAKAGES as BROKEN_LINES
from tests.simulator.simulated import Simulated

EXACT = ("heard", "heard_ms", "played_ms", "offline_ms", "sessions", "completed", "status")
MOST_CLOCK_ERROR_MS = 60_000


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_every_refusal_is_expected_and_every_expected_one_is_found(week: Simulated) -> None:
    expected = {row["key"]: row["reason"] for row in rows(week.out / "truth" / "rejected.ndjson")}
    assert week.counted.refused == expected


def test_every_reason_of_refusal_appears(week: Simulated) -> None:
    reasons = {reason for reason, _, _ in BROKEN_RECORDS + BROKEN_LINES}
    assert set(week.counted.refused.values()) == reasons
    assert len(reasons) == 7


def test_device_logs_have_the_gaps_and_forks_the_simulator_made(week: Simulated) -> None:
    expected = {(row.pop("device_id"), row.pop("log_epoch")): row for row in rows(week.out / "truth" / "logs.ndjson")}
    assert week.counted.logs == expected
    assert any(row["forks"] for row in expected.values())
    assert any(row["missing"] for row in expected.values())


def test_listens_with_mendable_clocks_are_what_people_heard(week: Simulated) -> None:
    compared = 0
    for truth in rows(week.out / "truth" / "listens.ndjson"):
        if not truth["sure"]:
            continue
        key = (truth["listener_id"], truth["episode_id"], truth["listen_day"])
        found = week.counted.listens[key]
        assert {name: found[name] for name in EXACT} == {name: truth[name] for name in EXACT}
        assert found["last_received_at"] == truth["last_received_ms"]
        assert found["first_at"] == pytest.approx(truth["first_ms"], abs=MOST_CLOCK_ERROR_MS)
        assert found["last_at"] == pytest.approx(truth["last_ms"], abs=MOST_CLOCK_ERROR_MS)
        compared += 1
    assert compared > 500


def test_nothing_is_counted_that_nobody_heard(week: Simulated) -> None:
    truth = rows(week.out / "truth" / "listens.ndjson")
    heard = {(row["listener_id"], row["episode_id"], row["listen_day"]) for row in truth}
    unsure = {(row["listener_id"], row["episode_id"]) for row in truth if not row["sure"]}
    assert [key for key in week.counted.listens if key not in heard and key[:2] not in unsure] == []


def test_tallies_add_up(week: Simulated) -> None:
    expected = json.loads((week.out / "truth" / "expected.json").read_text())
    counted = week.counted
    assert expected["lines"] == counted.lines
    assert expected["batches"] == counted.batches
    assert expected["events"] == len(counted.events)
    assert expected["refused"] == Counter(counted.refused.values())
    refused_records = sum(":" in key for key in counted.refused)
    assert expected["records"] == counted.copies + refused_records
    assert expected["lines"] == counted.batches + len(counted.refused) - refused_records


@pytest.mark.parametrize(
    "name",
    [
        "relistens", "reboots", "reinstalls", "clones", "forked_seqs", "impossible_days",
        "retries", "lost_requests", "lost_acknowledgements", "lines_landed_again", "blank_lines",
        "other_dialect_lines", "refused_lines", "refused_records", "duplicate_files",
        "damaged_files", "records_lost_by_reinstall", "records_never_sent", "devices:bot",
        "devices:clone", "devices:wrong_clock", "devices:jumping_clock", "devices:long_offline",
        "devices:newest_first", "devices:no_boot_id", "listens:too_short", "listens:invalid",
    ],
)  # fmt: skip
def test_each_oddity_appears(week: Simulated, name: str) -> None:
    assert week.tally[name] > 0


def test_clocks_of_many_kinds_are_found(week: Simulated) -> None:
    assert {"wall", "monotonic", "offset"} <= set(week.counted.clocks)


def test_speeds_seeks_and_offline_listening_are_there(week: Simulated) -> None:
    records = [event["record"] for event in week.counted.events.values()]
    progress = [record for record in records if record["type"] == "progress"]
    assert {record["type"] for record in records} == {
        "download", "play", "progress", "pause", "complete",
    }  # fmt: skip
    assert len({record["rate_milli"] for record in progress}) > 4
    assert {record["offline"] for record in progress} == {0, 1}
    assert any(len(listen["heard"]) > 1 for listen in week.counted.listens.values())


def test_late_batches_arrive_after_the_last_day(week: Simulated) -> None:
    days = {file.parent.parent.name for file in (week.out / "landing").glob("sync/*/*/*.gz")}
    assert min(days) >= "2026-10-01"
    assert max(days) > "2026-10-07"


def test_files_lie_in_the_hour_they_were_sealed_in(week: Simulated) -> None:
    for file in (week.out / "landing").glob("sync/*/*/sim-*.gz"):
        day, hour = file.parts[-3:-1]
        assert f"{day.replace('-', '')}T{hour}" in file.name


def test_a_damaged_file_is_a_copy_cut_short(week: Simulated) -> None:
    with pytest.raises(EOFError):
        gzip.decompress((week.out / "damaged.gz").read_bytes())
