"""Sections 5 to 9 of the contract read out plainly: from lines and a catalogue to events, refusals, listens and logs.

This is the judge of last resort. It holds everything in memory and prefers being clear to being fast; the pipeline's
tables must say the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from jobs.records.clock import Clock, Sending, Times, place
from jobs.records.json_text import is_blank, record_texts
from jobs.records.judge import judge_record
from jobs.records.logs import DeviceLog, device_logs
from jobs.records.reasons import Reason
from jobs.records.record import Record
from jobs.records.shape import Batch, Refused, judge_line


class Standing(NamedTuple):
    """By this the copies of a record are ordered; the smallest counts."""

    received_ms: int
    receipt: bytes
    line_key: str
    position: int


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted record, by the copy that counts. Times in Unix ms."""

    standing: Standing
    device_id: str
    log_epoch: str
    listener_id: str
    record: Record
    at_ms: int
    session_at_ms: int
    clock: Clock
    listen_day: date
    batch: Batch


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused line, or a refused copy of a record, with its text; bytes that are no UTF-8 stand as U+FFFD."""

    key: str
    reason: Reason
    raw: str
    receipt: str | None
    dialect: str | None


@dataclass(slots=True)
class Count:
    """What a set of lines comes to. `copies` are the accepted ones, the counting ones included."""

    batches: int = 0
    copies: int = 0
    events: dict[str, Event] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
