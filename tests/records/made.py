"""Records, batches and lines made by hand, by the contract and without the code under test."""

import json
from hashlib import sha256
from typing import Any

ABSENT: Any = object()
NOON = 1_791_201_600_000  # 2026-10-05 12:00 UTC
RECEIVED_MS = NOON + 60_000
CATALOGUE = {"ep-1": 600_000}

HASHED = (
    "seq",
    "session_id",
    "session_wall_ms",
    "type",
    "episode_id",
    "wall_ms",
    "boot_id",
    "mono_ms",
    "from_ms",
    "to_ms",
    "rate_milli",
    "offline",
)


def made_id(record: dict[str, Any], device_id: str = "ana", log_epoch: str = "e1") -> str:
    values = ["podledger/1", device_id, log_epoch, *(record.get(name) for name in HASHED)]
    return sha256("\n".join("" if value is None else str(value) for value in values).encode()).hexdigest()


def progress(**changed: Any) -> dict[str, Any]:
    """40 s heard of ep-1 at noon, but for what is `changed`; ABSENT fields go, and the id fits unless it is given."""
    record = {
        "seq": 1,
        "session_id": "s1",
        "session_wall_ms": NOON - 1000,
        "type": "progress",
        "episode_id": "ep-1",
        "wall_ms": NOON,
        "from_ms": 0,
        "to_ms": 40_000,
        "rate_milli": 1000,
        "offline": 0,
    }
    record = without_absent(record | changed)
    return record if "id" in changed else record | {"id": made_id(record)}


def pause(**changed: Any) -> dict[str, Any]:
    return progress(**{"type": "pause", "from_ms": ABSENT, "to_ms": ABSENT, "rate_milli": ABSENT} | changed)


def body(*records: Any, **changed: Any) -> dict[str, Any]:
    whole = {"v": 1, "device_id": "ana", "log_epoch": "e1", "sent": {"wall_ms": RECEIVED_MS}, "records": list(records)}
    return without_absent(whole | changed)


def envelope(content: Any, **changed: Any) -> dict[str, Any]:
    whole = {
        "v": 1,
        "receipt": "r-1",
        "received_ms": RECEIVED_MS,
        "dialect": "podledger/1",
        "device_id": "ana",
        "account_id": None,
        "network": "n1",
        "country": "DE",
        "user_agent": None,
        "body": content,
    }
    return without_absent(whole | changed)


def line(*records: Any, **changed: Any) -> bytes:
    """A batch of these records as it lands."""
    return text_of(envelope(body(*records), **changed))


def text_of(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def without_absent(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not ABSENT}
