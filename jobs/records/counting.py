"""From lines and a catalogue to events and refusals, read out plainly from the contract.

With `jobs.records.listens` and `jobs.records.logs` this is the judge of last resort: it holds everything in memory and
prefers being clear to being fast. The pipeline's tables must say the same of `podledger/1`; of other dialects it counts
the batches only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from jobs.records.clock import Clock, Sending, Times, place
from jobs.records.json_text import is_blank, record_texts
from jobs.records.judge import judge_record
from jobs.records.reasons import Reason
from jobs.records.record import Record
from jobs.records.shape import Batch, Body, Refused, judge_line


class Standing(NamedTuple):
    """What the copies of a record are ordered by; the smallest counts. The receipt is compared by its UTF-8 bytes."""

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
    clock: Clock
    session_at_ms: int
    listen_day: date


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
    """What a set of lines comes to: events by their id, and how many batches and accepted copies there were."""

    batches: int = 0
    copies: int = 0
    events: dict[str, Event] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)


def count(lines: Iterable[bytes], catalogue: Mapping[str, int]) -> Count:
    """Judge each distinct line that is not blank; the catalogue gives each known episode's duration, in ms."""
    total = Count()
    for line in set(lines):
        if is_blank(line):
            continue
        judged = judge_line(line)
        if isinstance(judged, Refused):
            raw = line.decode("utf-8", errors="replace")
            total.refusals.append(Refusal(_key(line), judged.reason, raw, judged.receipt, judged.dialect))
        else:
            total.batches += 1
            if judged.body is not None:
                _add_records(total, line, judged, judged.body, catalogue)
    return total


def _add_records(total: Count, line: bytes, batch: Batch, body: Body, catalogue: Mapping[str, int]) -> None:
    refused: dict[int, Reason] = {}
    for position, record in enumerate(body.records):
        reason = judge_record(record, body.device_id, body.log_epoch, catalogue)
        if reason is not None:
            refused[position] = reason
        elif isinstance(record, Record):
            total.copies += 1
            standing = Standing(batch.received_ms, batch.receipt.encode("utf-8"), _key(line), position)
            _keep_smallest(total.events, _event(record, batch, body, standing))
    if refused:
        texts = record_texts(line)
        total.refusals.extend(
            Refusal(f"{_key(line)}:{position}", reason, texts[position], batch.receipt, batch.dialect)
            for position, reason in refused.items()
        )


def _event(record: Record, batch: Batch, body: Body, standing: Standing) -> Event:
    placed = place(
        Times(record.wall_ms, record.session_wall_ms, record.boot_id, record.mono_ms),
        Sending(batch.received_ms, body.sent_wall_ms, body.sent_boot_id, body.sent_mono_ms),
    )
    return Event(
        standing=standing,
        device_id=body.device_id,
        log_epoch=body.log_epoch,
        listener_id=body.device_id if batch.account_id is None else batch.account_id,
        record=record,
        at_ms=placed.at_ms,
        clock=placed.clock,
        session_at_ms=placed.session_at_ms,
        listen_day=placed.listen_day,
    )


def _keep_smallest(events: dict[str, Event], event: Event) -> None:
    known = events.get(event.record.id)
    if known is None or event.standing < known.standing:
        events[event.record.id] = event


def _key(line: bytes) -> str:
    return sha256(line).hexdigest()
