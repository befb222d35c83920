from typing import Any

import pytest

from jobs.records.judge import judge_record
from jobs.records.reasons import Reason
from jobs.records.record import Malformed, read_record
from tests.records.made import CATALOGUE, made_id, pause, progress


def judged(record: dict[str, Any], device_id: str = "ana", log_epoch: str = "e1") -> Reason | None:
    return judge_record(read_record(record), device_id, log_epoch, CATALOGUE)


def test_a_good_record_is_accepted() -> None:
    assert judged(progress()) is None
    assert judged(pause()) is None
    assert judged(progress(boot_id="b", mono_ms=0, offline=1)) is None


def test_a_malformed_one_is_malformed() -> None:
    assert judge_record(Malformed("ep-1"), "ana", "e1", CATALOGUE) is Reason.MALFORMED


def test_the_id_covers_device_epoch_and_every_field() -> None:
    assert judged(progress(), device_id="bob") is Reason.HASH_MISMATCH
    assert judged(progress(), log_epoch="e2") is Reason.HASH_MISMATCH
    changes: dict[str, Any] = {
        "seq": 2,
        "session_id": "s2",
        "session_wall_ms": 0,
        "type": "pause",
        "episode_id": "ep-2",
        "wall_ms": 0,
        "boot_id": "c",
        "mono_ms": 6,
        "from_ms": 1,
        "to_ms": 2,
        "rate_milli": 999,
        "offline": 1,
    }
    good = progress(boot_id="b", mono_ms=5)
    for name, value in changes.items():
        record = good | {name: value}
        if name == "type":
            record |= {"from_ms": None, "to_ms": None, "rate_milli": None}
        assert judged(record) is Reason.HASH_MISMATCH, name


def test_unknown_fields_are_not_hashed() -> None:
    assert judged(progress() | {"more": [1.5]}) is None


def test_an_episode_must_be_in_the_catalogue() -> None:
    assert judged(progress(episode_id="ep-2")) is Reason.UNKNOWN_EPISODE
    assert judged(pause(episode_id="EP-1")) is Reason.UNKNOWN_EPISODE


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "reason"),
    [
        (0, 1, None),
        (0, 602_000, None),
        (601_999, 602_000, None),
        (0, 602_001, Reason.BAD_INTERVAL),
        (-1, 5, Reason.BAD_INTERVAL),
        (5, 5, Reason.BAD_INTERVAL),
        (6, 5, Reason.BAD_INTERVAL),
    ],
)
def test_intervals_lie_within_the_episode(from_ms: int, to_ms: int, reason: Reason | None) -> None:
    assert judged(progress(from_ms=from_ms, to_ms=to_ms)) is reason


def test_the_first_reason_is_kept() -> None:
    wrong: dict[str, Any] = {"episode_id": "ep-2", "to_ms": -1}
    assert judged(progress(id="x", **wrong)) is Reason.MALFORMED
    assert judged(progress(id="0" * 64, **wrong)) is Reason.HASH_MISMATCH
    assert judged(progress(**wrong)) is Reason.UNKNOWN_EPISODE


def test_the_other_reading_of_the_hashed_text_agrees() -> None:
    record = progress(session_id="s-\u00fc", wall_ms=-1)
    assert record["id"] == made_id(record)
    assert judged(record) is None
