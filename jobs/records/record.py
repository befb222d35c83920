"""One record of a device log: its fields, and whether a JSON value is one."""

import re
from dataclasses import dataclass, fields
from typing import Any

from jobs.records.json_text import MAX_INT

RECORD_TYPES = frozenset({"download", "play", "progress", "pause", "complete"})
MAX_NAME_CHARS = 64
MAX_EPISODE_ID_CHARS = 128
MIN_RATE_MILLI, MAX_RATE_MILLI = 250, 5000

_BAD_IN_STRING = re.compile("[\x00-\x1f\ud800-\udfff]")
_RECORD_ID = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Record:
    """A well-formed record. Times in Unix ms, content positions in ms; `rate_milli` 1000 is 1x."""

    id: str
    seq: int
    session_id: str
    session_wall_ms: int
    type: str
    episode_id: str
    wall_ms: int
    boot_id: str | None
    mono_ms: int | None
    from_ms: int | None
    to_ms: int | None
    rate_milli: int | None
    offline: int


FIELDS = tuple(field.name for field in fields(Record))


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that breaks the table, and the episode it names where that is well-formed."""

    episode_id: str | None


def is_string(value: object, most_chars: int | None = None) -> bool:
    """Whether it is 1 or more characters (and at most so many), none below U+0020 and no unpaired surrogate."""
    if not isinstance(value, str) or not value or _BAD_IN_STRING.search(value):
        return False
    return most_chars is None or len(value) <= most_chars


def is_int(value: object, least: int = -MAX_INT, most: int = MAX_INT) -> bool:
    """Whether it is an int from `least` to `most`; true and false are none."""
    return type(value) is int and least <= value <= most


def read_record(value: Any) -> Record | Malformed:
    """The record that a JSON value is."""
    if not isinstance(value, dict):
        return Malformed(episode_id=None)
    if _is_record(value):
        given: Any = value.get
        return Record(*map(given, FIELDS))
    episode_id = value.get("episode_id")
    return Malformed(episode_id if is_string(episode_id, MAX_EPISODE_ID_CHARS) else None)


def _is_record(values: dict[str, Any]) -> bool:
    return (
        _is_record_id(values.get("id"))
        and is_int(values.get("seq"), least=1)
        and is_string(values.get("session_id"), MAX_NAME_CHARS)
        and is_int(values.get("session_wall_ms"))
        and is_string(values.get("episode_id"), MAX_EPISODE_ID_CHARS)
        and is_int(values.get("wall_ms"))
        and is_int(values.get("offline"), 0, 1)
        and _has_boot_and_mono_or_neither(values)
        and _has_progress_fields_where_due(values)
    )


def _is_record_id(value: object) -> bool:
    return isinstance(value, str) and _RECORD_ID.fullmatch(value) is not None


def _has_boot_and_mono_or_neither(values: dict[str, Any]) -> bool:
    boot_id, mono_ms = values.get("boot_id"), values.get("mono_ms")
    if boot_id is None and mono_ms is None:
        return True
    return is_string(boot_id, MAX_NAME_CHARS) and is_int(mono_ms, least=0)


def _has_progress_fields_where_due(values: dict[str, Any]) -> bool:
    record_type = values.get("type")
    if not isinstance(record_type, str) or record_type not in RECORD_TYPES:
        return False
    from_ms, to_ms, rate_milli = values.get("from_ms"), values.get("to_ms"), values.get("rate_milli")
    if record_type != "progress":
        return from_ms is None and to_ms is None and rate_milli is None
    return is_int(from_ms) and is_int(to_ms) and is_int(rate_milli, MIN_RATE_MILLI, MAX_RATE_MILLI)
