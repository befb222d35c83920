"""The ids that are computed and never minted."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Literal

from jobs.records.record import Record

Evidence = Literal["measured", "claimed"]

_LISTEN_ID_PREFIX: Mapping[Evidence, str] = {"measured": "listen/1", "claimed": "listen/1/claimed"}
_LISTEN_ID_DIGITS = 32


def record_text(device_id: str, log_epoch: str, record: Record) -> str:
    """What a record's id is the SHA-256 of: fifteen values on lines of their own, absent ones empty."""
    values = (
        "podledger/1",
        device_id,
        log_epoch,
        record.seq,
        record.session_id,
        record.session_wall_ms,
        record.type,
        record.episode_id,
        record.wall_ms,
        record.boot_id,
        record.mono_ms,
        record.from_ms,
        record.to_ms,
        record.rate_milli,
        record.offline,
    )
    return "\n".join("" if value is None else str(value) for value in values)


def record_id(device_id: str, log_epoch: str, record: Record) -> str:
    """64 lower-case hex digits; whatever id the record itself carries plays no part."""
    return sha256(record_text(device_id, log_epoch, record).encode("utf-8")).hexdigest()


def listen_id(listener_id: str, episode_id: str, listen_day: date, evidence: Evidence = "measured") -> str:
    """32 hex digits, from a listen's key."""
    text = "\n".join((_LISTEN_ID_PREFIX[evidence], listener_id, episode_id, listen_day.isoformat()))
    return sha256(text.encode("utf-8")).hexdigest()[:_LISTEN_ID_DIGITS]
