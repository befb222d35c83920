import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.records.clock import Clock, Placed, Sending, Times, place, utc_day

VECTORS = json.loads((Path(__file__).parents[1] / "golden/vectors/clock.json").read_text(encoding="utf-8"))
NOW = 1_794_355_200_000
TOLERANCE = 120_000
DAY = 86_400_000


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_golden_placings(vector: dict[str, Any]) -> None:
    placed = place(Times(**vector["record"]), Sending(vector["received_ms"], **vector["sent"]))
    assert placed == Placed(vector["at_ms"], Clock(vector["clock"]), vector["session_at_ms"])


def placed_by(wall_ms: int, sent_wall_ms: int = NOW) -> tuple[int, str]:
    """Without a monotonic clock."""
    placed = place(Times(wall_ms, wall_ms), Sending(NOW, sent_wall_ms))
    return placed.at_ms, placed.clock.value


def placed_same_boot(wall_ms: int, mono_ago_ms: int, sent_wall_ms: int = NOW) -> tuple[int, str]:
    times = Times(wall_ms, wall_ms, "b", 1_000_000 - mono_ago_ms)
    placed = place(times, Sending(NOW, sent_wall_ms, "b", 1_000_000))
    return placed.at_ms, placed.clock.value


def test_the_wall_clock_is_trusted_up_to_the_tolerance() -> None:
    before = NOW - 600_000
    assert placed_by(before, NOW - TOLERANCE) == (before, "wall")
    assert placed_by(before, NOW + TOLERANCE) == (before, "wall")
    assert placed_by(before, NOW - TOLERANCE - 1) == (before + TOLERANCE + 1, "offset")
    assert placed_by(before, NOW + TOLERANCE + 1) == (before - TOLERANCE - 1, "offset")


def test_within_one_boot_the_wall_clock_is_held_against_the_monotonic_one() -> None:
    then = NOW - 500_000
    assert placed_same_boot(then - TOLERANCE, 500_000) == (then - TOLERANCE, "wall")
    assert placed_same_boot(then + TOLERANCE, 500_000) == (then + TOLERANCE, "wall")
    assert placed_same_boot(then - TOLERANCE - 1, 500_000) == (then, "monotonic")
    assert placed_same_boot(then + TOLERANCE + 1, 500_000) == (then, "monotonic")


def test_within_one_boot_the_sending_wall_clock_plays_no_part() -> None:
    assert placed_same_boot(NOW - 500_000, 500_000, sent_wall_ms=0) == (NOW - 500_000, "wall")


def test_a_record_written_at_the_moment_of_sending_is_of_the_same_boot() -> None:
    assert placed_same_boot(0, 0) == (NOW, "monotonic")


@pytest.mark.parametrize(
    "sending",
    [
        Sending(NOW, NOW - DAY, "c", 9),
        Sending(NOW, NOW - DAY, None, 9),
        Sending(NOW, NOW - DAY, "b", None),
        Sending(NOW, NOW - DAY, "b", 4),
        Sending(NOW, NOW - DAY, "B", 9),
    ],
)
def test_without_a_later_time_of_the_same_boot_the_offset_is_used(sending: Sending) -> None:
    placed = place(Times(NOW - DAY - 1000, NOW - DAY - 1000, "b", 5), sending)
    assert (placed.at_ms, placed.clock) == (NOW - 1000, Clock.OFFSET)


def test_a_record_without_a_boot_does_not_match_a_sending_without_one() -> None:
    placed = place(Times(0, 0, None, None), Sending(NOW, NOW, None, 5))
    assert placed.clock is Clock.UNKNOWN


def test_nothing_happens_after_it_was_received() -> None:
    assert placed_by(NOW) == (NOW, "wall")
    assert placed_by(NOW + 1) == (NOW, "wall")
    assert placed_by(NOW + TOLERANCE) == (NOW, "wall")
    assert placed_by(NOW + TOLERANCE + 1) == (NOW, "clamped")
    assert placed_by(NOW - DAY + 1, NOW - DAY) == (NOW, "offset")


def test_nothing_happens_more_than_400_days_before() -> None:
    oldest = NOW - 400 * DAY
    assert placed_by(oldest) == (oldest, "wall")
    assert placed_by(oldest - 1) == (NOW, "unknown")


@pytest.mark.parametrize(
    ("since_session_ms", "session_before_ms"), [(0, 0), (1, 1), (DAY, DAY), (DAY + 1, 0), (-1, 0), (2**53, 0)]
)
@pytest.mark.parametrize("wall_ms", [NOW - 600_000, NOW + DAY, 0])
def test_a_session_begins_up_to_a_day_before_for_every_clock(
    wall_ms: int, since_session_ms: int, session_before_ms: int
) -> None:
    placed = place(Times(wall_ms, wall_ms - since_session_ms), Sending(NOW, NOW))
    assert placed.at_ms - placed.session_at_ms == session_before_ms


def test_listening_belongs_to_the_day_its_session_began() -> None:
    midnight = NOW - NOW % DAY
    later = midnight + 1000
    after = place(Times(midnight + 5, midnight), Sending(later, later))
    across = place(Times(midnight + 5, midnight - 1), Sending(later, later))
    assert after.listen_day == utc_day(midnight)
    assert across.listen_day == utc_day(midnight - 1)


def test_days_are_utc_from_before_1970_to_the_end_of_9999() -> None:
    assert [utc_day(at_ms) for at_ms in (-1, 0, 253_402_300_799_999)] == [
        date(1969, 12, 31),
        date(1970, 1, 1),
        date(9999, 12, 31),
    ]


INTS = st.integers(-(2**53) + 1, 2**53 - 1)
MONO = st.one_of(st.none(), st.integers(0, 2**53 - 1))
BOOT = st.sampled_from([None, "b", "c"])


@given(INTS, INTS, BOOT, MONO, st.integers(0, 253_402_300_799_999), INTS, BOOT, st.one_of(st.none(), INTS))
def test_any_record_falls_within_reach(
    wall_ms: int,
    session_wall_ms: int,
    boot_id: str | None,
    mono_ms: int | None,
    received_ms: int,
    sent_wall_ms: int,
    sent_boot_id: str | None,
    sent_mono_ms: int | None,
) -> None:
    times = Times(wall_ms, session_wall_ms, boot_id, mono_ms)
    placed = place(times, Sending(received_ms, sent_wall_ms, sent_boot_id, sent_mono_ms))
    assert received_ms - 400 * DAY <= placed.at_ms <= received_ms
    assert placed.at_ms - DAY <= placed.session_at_ms <= placed.at_ms
    assert placed.listen_day == utc_day(placed.session_at_ms)
