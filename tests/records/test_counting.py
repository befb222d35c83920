from collections import Counter
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest

from jobs.records.clock import Clock
from jobs.records.counting import Count, Event, count
from jobs.records.reasons import Reason
from tests.records.made import ABSENT, CATALOGUE, RECEIVED_MS, body, envelope, line, pause, progress, text_of


def counted(*lines: bytes, catalogue: dict[str, int] | None = None) -> Count:
    return count(lines, CATALOGUE if catalogue is None else catalogue)


def only_event(*lines: bytes) -> Event:
    (event,) = counted(*lines).events.values()
    return event


def key(text: bytes) -> str:
    return sha256(text).hexdigest()


def test_blank_lines_are_no_lines_and_the_same_line_again_adds_nothing() -> None:
    total = counted(b"", b" \t\r", line(progress()), line(progress()))
    assert (total.batches, total.copies, len(total.events), total.refusals) == (1, 1, 1, [])


def test_two_different_lines_are_two_batches_whatever_their_receipts() -> None:
    total = counted(line(progress()), line(progress()) + b" ")
    assert (total.batches, total.copies, len(total.events)) == (2, 2, 1)


def test_a_refused_line_is_one_row_with_its_records() -> None:
    text = text_of(envelope(body(progress(), progress(seq=0)), device_id="bob"))
    (refusal,) = counted(text).refusals
    assert (refusal.key, refusal.reason, refusal.raw) == (key(text), Reason.WRONG_DEVICE, text.decode())
    assert (refusal.receipt, refusal.dialect) == ("r-1", "podledger/1")


def test_bytes_that_are_no_utf8_are_kept_as_far_as_text_goes() -> None:
    (refusal,) = counted(b"\xff{}").refusals
    assert (refusal.reason, refusal.raw, refusal.receipt) == (Reason.UNREADABLE, "\ufffd{}", None)


def test_a_refused_record_is_one_row_by_its_position() -> None:
    text = line(progress(), None, progress(seq=0), progress(id="0" * 64))
    total = counted(text)
    assert [(refusal.key, refusal.reason) for refusal in total.refusals] == [
        (f"{key(text)}:1", Reason.MALFORMED),
        (f"{key(text)}:2", Reason.MALFORMED),
        (f"{key(text)}:3", Reason.HASH_MISMATCH),
    ]
    assert [refusal.raw for refusal in total.refusals] == [
        "null",
        text_of(progress(seq=0)).decode(),
        text_of(progress(id="0" * 64)).decode(),
    ]


def test_nothing_vanishes() -> None:
    lines = [line(progress(), progress(), pause(episode_id="ep-9")), b"[]", line(progress(), receipt="r-2"), b"{}"]
    total = counted(*lines)
    whole_lines = [refusal for refusal in total.refusals if ":" not in refusal.key]
    assert total.batches + len(whole_lines) == 4
    assert total.copies + len(total.refusals) - len(whole_lines) == 4
    assert Counter(refusal.reason for refusal in total.refusals) == {Reason.UNREADABLE: 2, Reason.UNKNOWN_EPISODE: 1}


def test_other_dialects_are_batches_without_events() -> None:
    total = counted(text_of(envelope([], dialect="rad/1")))
    assert (total.batches, total.events, total.refusals) == (1, {}, [])


@pytest.mark.parametrize(
    ("smaller", "greater"),
    [
        ({"received_ms": RECEIVED_MS - 1, "receipt": "z"}, {"receipt": "a"}),
        ({"receipt": "Z"}, {"receipt": "a"}),
        ({"receipt": "\uffee"}, {"receipt": "\U0001f399"}),
        ({"receipt": "a"}, {"receipt": "aa"}),
    ],
)
def test_the_smallest_copy_counts_in_any_order(smaller: dict[str, Any], greater: dict[str, Any]) -> None:
    lines = [line(progress(), account_id="first", **smaller), line(progress(), account_id="second", **greater)]
    assert {only_event(*order).listener_id for order in permutations(lines)} == {"first"}


def test_between_equal_receipts_the_key_of_the_line_decides() -> None:
    lines = sorted((line(progress(), account_id=name) for name in ("a", "b", "c")), key=key)
    assert only_event(*lines).standing.line_key == key(lines[0])


def test_within_a_batch_the_position_decides() -> None:
    total = counted(line(pause(), progress(), progress()))
    assert total.copies == 3
    assert [event.standing.position for event in total.events.values()] == [0, 1]


def test_a_refused_copy_keeps_a_row_of_its_own() -> None:
    good, bad = progress(), progress() | {"offline": 1}
    total = counted(line(bad, received_ms=1), line(good))
    assert [event.standing.received_ms for event in total.events.values()] == [RECEIVED_MS]
    assert [refusal.reason for refusal in total.refusals] == [Reason.HASH_MISMATCH]


@pytest.mark.parametrize("account_id", [None, ABSENT, "", 5])
def test_without_an_account_the_device_listens(account_id: Any) -> None:
    assert only_event(line(progress(), account_id=account_id)).listener_id == "ana"
    assert only_event(line(progress(), account_id="acc")).listener_id == "acc"


def test_each_copy_is_placed_by_its_own_batch() -> None:
    late = text_of(envelope(body(progress(), sent={"wall_ms": 0}), receipt="a"))
    assert only_event(line(progress())).clock is Clock.WALL
    assert only_event(line(progress()), late).clock is Clock.CLAMPED


def test_records_are_judged_again_by_the_new_catalogue() -> None:
    lines = [line(progress(), pause(episode_id="ep-2"))]
    assert len(counted(*lines).events) == 1
    total = counted(*lines, catalogue={"ep-1": 37_999, "ep-2": 1})
    assert [event.record.episode_id for event in total.events.values()] == ["ep-2"]
    assert [refusal.reason for refusal in total.refusals] == [Reason.BAD_INTERVAL]
