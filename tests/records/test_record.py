from typing import Any

import pytest

from jobs.records.record import Malformed, Record, is_int, is_string, read_record
from tests.records.made import ABSENT, pause, progress

MAX_INT = 2**53 - 1
WRONG_INTS: list[Any] = ["1", 1.0, True, [], {}, 2**53, -(2**53)]
WRONG_STRINGS: list[Any] = ["", 5, True, [], "a\u001fb", "\ud800"]
REQUIRED = ["id", "seq", "session_id", "session_wall_ms", "type", "episode_id", "wall_ms", "offline"]
OF_PROGRESS = ["from_ms", "to_ms", "rate_milli"]


def is_well_formed(record: dict[str, Any]) -> bool:
    return isinstance(read_record(record), Record)


def with_clock(boot_id: Any, mono_ms: Any) -> dict[str, Any]:
    return progress(boot_id=boot_id, mono_ms=mono_ms)


def test_a_record_is_read_whole() -> None:
    written = with_clock("b", 5)
    read = read_record(written)
    assert isinstance(read, Record)
    assert {name: getattr(read, name) for name in written} == written


@pytest.mark.parametrize("record_type", ["download", "play", "pause", "complete"])
def test_other_types_carry_no_interval(record_type: str) -> None:
    assert is_well_formed(pause(type=record_type))
    assert is_well_formed(pause(type=record_type, from_ms=None, to_ms=None, rate_milli=None))
    for name in OF_PROGRESS:
        assert not is_well_formed(pause(type=record_type, **{name: 1000}))
        assert not is_well_formed(pause(type=record_type, **{name: "x"}))


@pytest.mark.parametrize("name", REQUIRED + OF_PROGRESS)
@pytest.mark.parametrize("absent", [ABSENT, None])
def test_required_fields_must_be_there(name: str, absent: Any) -> None:
    assert not is_well_formed(progress(**{name: absent}))


@pytest.mark.parametrize("name", ["seq", "session_wall_ms", "wall_ms", "from_ms", "to_ms", "rate_milli", "offline"])
@pytest.mark.parametrize("wrong", WRONG_INTS)
def test_ints_must_be_ints(name: str, wrong: Any) -> None:
    assert not is_well_formed(progress(id="0" * 64, **{name: wrong}))


@pytest.mark.parametrize("name", ["session_id", "episode_id", "type", "id"])
@pytest.mark.parametrize("wrong", WRONG_STRINGS)
def test_strings_must_be_strings(name: str, wrong: Any) -> None:
    assert not is_well_formed(progress(**{"id": "0" * 64, name: wrong}))


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("seq", 1, MAX_INT),
        ("session_wall_ms", -MAX_INT, MAX_INT),
        ("wall_ms", -MAX_INT, MAX_INT),
        ("from_ms", -MAX_INT, MAX_INT),
        ("to_ms", -MAX_INT, MAX_INT),
        ("rate_milli", 250, 5000),
        ("offline", 0, 1),
    ],
)
def test_ints_have_bounds(name: str, least: int, most: int) -> None:
    answers = [is_well_formed(progress(**{name: value})) for value in (least - 1, least, most, most + 1)]
    assert answers == [False, True, True, False]


@pytest.mark.parametrize(("name", "most_chars"), [("session_id", 64), ("episode_id", 128)])
@pytest.mark.parametrize("char", ["x", "\u00fc", "\U0001f399", " ", "\x7f", "\ufeff"])
def test_strings_have_lengths_in_code_points(name: str, most_chars: int, char: str) -> None:
    answers = [is_well_formed(progress(**{name: char * count})) for count in (1, most_chars, most_chars + 1)]
    assert answers == [True, True, False]


@pytest.mark.parametrize("record_type", ["Progress", "seek", "progress ", "x"])
def test_types_are_a_closed_set(record_type: str) -> None:
    assert not is_well_formed(progress(type=record_type))


@pytest.mark.parametrize("wrong", ["0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 63 + "\n", "\u0661" * 64])
def test_an_id_is_64_lower_case_hex_digits(wrong: str) -> None:
    assert not is_well_formed(progress(id=wrong))
    assert is_well_formed(progress(id="0123456789abcdef" * 4))


@pytest.mark.parametrize(
    ("boot_id", "mono_ms", "good"),
    [
        ("b", 0, True),
        ("b" * 64, MAX_INT, True),
        (None, None, True),
        (ABSENT, None, True),
        ("b", None, False),
        (None, 0, False),
        ("b", -1, False),
        ("b", 1.0, False),
        ("b", True, False),
        ("", 0, False),
        ("b" * 65, 0, False),
        (5, 0, False),
        ("", ABSENT, False),
    ],
)
def test_the_monotonic_time_is_there_exactly_when_the_boot_is(boot_id: Any, mono_ms: Any, good: bool) -> None:
    assert is_well_formed(with_clock(boot_id, mono_ms)) is good


@pytest.mark.parametrize(
    ("record", "episode_id"),
    [
        (progress(seq=0), "ep-1"),
        (progress(episode_id=""), None),
        (progress(episode_id=7), None),
        (progress(episode_id="e" * 129), None),
        ([], None),
        (None, None),
    ],
)
def test_a_malformed_record_still_names_its_episode(record: Any, episode_id: str | None) -> None:
    assert read_record(record) == Malformed(episode_id)


def test_minus_zero_is_zero_and_true_is_no_int() -> None:
    assert is_int(-0, 0, 0)
    assert not is_int(True)
    assert not is_int(False, 0, 1)


def test_strings_are_neither_trimmed_nor_normalised() -> None:
    assert is_string(" ")
    assert not is_string("")
    assert not is_string("\udfff")
    assert is_string("\u0020\u2028\ue000\U0010ffff")
