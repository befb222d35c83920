from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.records.counting import count
from jobs.records.listens import Listen, Status, daily_listens, merged
from jobs.records.logs import DeviceLog, device_logs
from tests.records.made import NOON, RECEIVED_MS, body, envelope, line, made_id, pause, progress, text_of

DAY_MS = 86_400_000
CATALOGUE = {"ep-1": 600_000, "ep-long": 2 * DAY_MS}


def listens(*lines: bytes) -> list[Listen]:
    return list(daily_listens(count(lines, CATALOGUE).events.values(), CATALOGUE).values())


def only_listen(*records: dict[str, Any]) -> Listen:
    (listen,) = listens(line(*records))
    return listen


def heard(*intervals: tuple[int, int], **changed: Any) -> Listen:
    return only_listen(
        *(progress(seq=seq, from_ms=a, to_ms=b, **changed) for seq, (a, b) in enumerate(intervals, start=1))
    )


def device_line(device_id: str, *records: dict[str, Any], epoch: str = "e1", **changed: Any) -> bytes:
    renamed = [record | {"id": made_id(record, device_id, epoch)} for record in records]
    return text_of(envelope(body(*renamed, device_id=device_id, log_epoch=epoch), device_id=device_id, **changed))


def test_a_listen_says_what_was_heard() -> None:
    listen = only_listen(
        progress(from_ms=0, to_ms=40_000, rate_milli=2000, offline=1),
        progress(seq=2, from_ms=40_000, to_ms=50_000, wall_ms=NOON + 5, session_id="s2"),
        progress(seq=3, from_ms=20_000, to_ms=30_000, wall_ms=NOON - 5, offline=1),
        pause(seq=4, wall_ms=NOON + 100, session_id="s3"),
    )
    assert (listen.listener_id, listen.episode_id, str(listen.listen_day)) == ("ana", "ep-1", "2026-10-05")
    assert (listen.heard, listen.heard_ms) == ([(0, 50_000)], 50_000)
    assert (listen.played_ms, listen.offline_ms, listen.sessions) == (20_000 + 10_000 + 10_000, 50_000, 2)
    assert (listen.first_at_ms, listen.last_at_ms) == (NOON - 5, NOON + 5)
    assert listen.last_received_at_ms == RECEIVED_MS


def test_without_progress_there_is_no_listen() -> None:
    assert listens(line(pause())) == []


def test_exactly_30_seconds_are_too_short_and_a_millisecond_more_counts() -> None:
    assert heard((0, 30_000)).status is Status.TOO_SHORT
    assert heard((0, 30_001)).status is Status.COUNTED
    assert heard((0, 30_000), (0, 30_000)).status is Status.TOO_SHORT
    assert heard((0, 20_000), (50_000, 60_001)).status is Status.COUNTED


def test_completed_from_95_per_cent() -> None:
    assert not heard((0, 569_999)).completed
    assert heard((0, 570_000)).completed
    assert heard((0, 602_000)).heard == [(0, 602_000)]


def test_played_time_is_floored_record_by_record() -> None:
    assert heard((0, 10), (20, 30), rate_milli=3000).played_ms == 3 + 3


def test_a_session_across_midnight_is_one_listen_of_the_day_it_began() -> None:
    midnight = NOON + DAY_MS // 2
    records = [
        progress(seq=seq, wall_ms=midnight + after, session_wall_ms=midnight - 1) for seq, after in ((1, -1), (2, 5))
    ]
    sent = body(*records, sent={"wall_ms": midnight + 60_000})
    (listen,) = listens(text_of(envelope(sent, received_ms=midnight + 60_000)))
    assert str(listen.listen_day) == "2026-10-05"


def test_more_than_a_day_played_in_a_day_is_impossible() -> None:
    day = {"episode_id": "ep-long", "from_ms": 0, "rate_milli": 1000}
    assert only_listen(progress(**day, to_ms=DAY_MS)).status is Status.COUNTED
    listen = only_listen(progress(**day, to_ms=DAY_MS + 1))
    assert (listen.status, listen.reasons) == (Status.INVALID, ["impossible_day"])


def test_an_impossible_day_goes_before_too_short_and_spans_epochs_and_listeners() -> None:
    long, short = progress(episode_id="ep-long", to_ms=DAY_MS), progress(to_ms=1)
    found = listens(
        device_line("ana", long, account_id="acc"), device_line("ana", short, epoch="e2"), device_line("bob", short)
    )
    assert {(listen.listener_id, listen.status) for listen in found} == {
        ("acc", Status.INVALID),
        ("ana", Status.INVALID),
        ("bob", Status.TOO_SHORT),
    }


def test_clamped_and_unknown_clocks_are_not_added_up() -> None:
    long = {"episode_id": "ep-long", "to_ms": DAY_MS}
    clamped = progress(**long, wall_ms=RECEIVED_MS + 120_001, session_wall_ms=RECEIVED_MS)
    unknown = progress(**long, seq=2, wall_ms=0, session_wall_ms=0)
    short = progress(seq=3, to_ms=1)
    assert {listen.status for listen in listens(line(clamped, unknown, short))} == {Status.COUNTED, Status.TOO_SHORT}


@pytest.mark.parametrize(
    ("intervals", "whole"),
    [
        ([], []),
        ([(0, 1), (1, 2)], [(0, 2)]),
        ([(3, 4), (0, 1)], [(0, 1), (3, 4)]),
        ([(0, 9), (2, 3), (8, 10)], [(0, 10)]),
    ],
)
def test_touching_intervals_are_merged(intervals: list[tuple[int, int]], whole: list[tuple[int, int]]) -> None:
    assert merged(intervals) == whole


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda pair: (pair[0], sum(pair)))))
def test_merging_keeps_every_millisecond_once(intervals: list[tuple[int, int]]) -> None:
    whole = merged(intervals)
    assert [ms for a, b in whole for ms in range(a, b)] == sorted({ms for a, b in intervals for ms in range(a, b)})
    assert all(before[1] < after[0] for before, after in pairwise(whole))


def test_a_device_log_knows_its_gaps_and_forks() -> None:
    records = [pause(seq=seq) for seq in (3, 4, 7)] + [pause(seq=4, wall_ms=1), progress(seq=9, to_ms=-1)]
    logs = device_logs(count([line(*records)], CATALOGUE).events.values())
    assert logs == {("ana", "e1"): DeviceLog(max_seq=7, events=4, missing=[(1, 2), (5, 6)], forks=[4])}


def test_every_epoch_is_a_log_of_its_own() -> None:
    lines = [device_line("ana", pause()), device_line("ana", pause(), epoch="e2"), device_line("bob", pause(seq=2))]
    logs = device_logs(count(lines, CATALOGUE).events.values())
    assert {log: found.missing for log, found in logs.items()} == {
        ("ana", "e1"): [],
        ("ana", "e2"): [],
        ("bob", "e1"): [(1, 1)],
    }
