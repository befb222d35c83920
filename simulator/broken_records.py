"""Records a faulty client writes: each reason of refusal, in many shapes."""

import json
import math
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any

PROGRESS_PER_BREAKAGE = 1_500
"""Progress records for each broken one, at oddities 1."""

HASHED_FIELDS = (
    "seq", "session_id", "session_wall_ms", "type", "episode_id", "wall_ms", "boot_id", "mono_ms",
    "from_ms", "to_ms", "rate_milli", "offline",
)  # fmt: skip

Fields = dict[str, Any]
"""One record as a client would hold it."""


def _set(**fields: object) -> Callable[[Fields, int], Fields]:
    return lambda record, duration_ms: record | fields


def _without(*names: str) -> Callable[[Fields, int], Fields]:
    return lambda record, duration_ms: {name: value for name, value in record.items() if name not in names}


def _instead(value: object) -> Callable[[Fields, int], Any]:
    return lambda record, duration_ms: value


BREAKAGES: tuple[tuple[str, str, Callable[[Fields, int], Any]], ...] = (
    ("hash_mismatch", "tampered", lambda r, duration_ms: r | {"to_ms": r["to_ms"] + 1}),
    ("unknown_episode", "not in the catalogue", _set(episode_id="ep-nowhere")),
    ("bad_interval", "empty", lambda r, duration_ms: r | {"to_ms": r["from_ms"]}),
    ("malformed", "no type", _without("type")),
    ("hash_mismatch", "another id", _set(id="0123456789abcdef" * 4)),
    ("bad_interval", "backwards", lambda r, d: r | {"from_ms": r["to_ms"], "to_ms": r["from_ms"]}),
    ("malformed", "seq as text", lambda r, duration_ms: r | {"seq": str(r["seq"])}),
    ("unknown_episode", "other case", lambda r, d: r | {"episode_id": r["episode_id"].upper()}),
    ("bad_interval", "beyond the end", lambda r, duration_ms: r | {"to_ms": duration_ms + 2_001}),
    ("malformed", "id in capitals", lambda r, duration_ms: r | {"id": r["id"].upper()}),
    ("bad_interval", "below zero", _set(from_ms=-1)),
    ("malformed", "seq zero", _set(seq=0)),
    ("malformed", "half a clock", lambda r, d: _without("mono_ms")(r, d) | {"boot_id": "b1"}),
    ("malformed", "unknown type", _set(type="stalled")),
    ("malformed", "interval on a pause", _set(type="pause")),
    ("malformed", "no interval", _without("from_ms", "to_ms", "rate_milli")),
    ("malformed", "fraction", lambda r, duration_ms: r | {"wall_ms": r["wall_ms"] + 0.5}),
    ("malformed", "true for an int", _set(offline=True)),
    ("malformed", "offline two", _set(offline=2)),
    ("malformed", "too fast", _set(rate_milli=5_001)),
    ("malformed", "too slow", _set(rate_milli=249)),
    ("malformed", "empty session", _set(session_id="")),
    ("malformed", "long session", _set(session_id="s" * 65)),
    ("malformed", "control character", _set(session_id="s\t1")),
    ("malformed", "long episode", _set(episode_id="e" * 129)),
    ("malformed", "null for a record", _instead(None)),
    ("malformed", "text for a record", _instead("lost")),
    ("malformed", "no id", _without("id")),
    ("malformed", "beyond 2^53", _set(wall_ms=2**53)),
    ("malformed", "negative monotonic", _set(boot_id="b1", mono_ms=-1)),
)
"""(reason, what it is, how it is made) of every breakage, in the order they take turns."""


class BrokenRecords:
    """Breaks records, each breakage in its turn."""

    def __init__(self, oddities: float, first_turn: int) -> None:
        self._oddities = oddities
        self._turn = first_turn

    def draw_distance(self, random: Random) -> int:
        """Progress records until the next broken one, itself included; 0 for never."""
        if not self._oddities:
            return 0
        mean = PROGRESS_PER_BREAKAGE / self._oddities
        return 1 + math.floor(random.expovariate(1 / mean))

    def break_next(self, text: str, device_id: str, log_epoch: str, duration_ms: int) -> tuple[str, str]:
        """The JSON of a progress record, broken, and the reason it will be refused for."""
        reason, _, breakage = BREAKAGES[self._turn % len(BREAKAGES)]
        self._turn += 1
        record = breakage(json.loads(text), duration_ms)
        if reason in ("bad_interval", "unknown_episode"):
            record["id"] = _content_id(record, device_id, log_epoch)
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")), reason


def _content_id(record: Fields, device_id: str, log_epoch: str) -> str:
    values = (record.get(name) for name in HASHED_FIELDS)
    shown = ("" if value is None else str(value) for value in values)
    return sha256("\n".join(("podledger/1", device_id, log_epoch, *shown)).encode()).hexdigest()
