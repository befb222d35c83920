"""What one landed line is: a batch of typed records, or refused, for a reason."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from jobs.records.claims import Sender, Told
from jobs.records.gpodder import translate_actions
from jobs.records.json_text import Unreadable, member_text, read_value
from jobs.records.rad import translate_report
from jobs.records.reasons import Reason
from jobs.records.record import MAX_NAME_CHARS, Malformed, Record, is_int, is_string, read_record

VERSION = 1
LATEST_RECEIVED_MS = 253_402_300_799_999  # the last millisecond of the year 9999


class Dialect(Enum):
    """The protocols that land."""

    PODLEDGER = "podledger/1"
    GPODDER = "gpodder/2"
    RAD = "rad/1"


DIALECTS = frozenset(dialect.value for dialect in Dialect)
TRANSLATIONS = {Dialect.GPODDER.value: translate_actions, Dialect.RAD.value: translate_report}


@dataclass(frozen=True, slots=True)
class Body:
    """What a podledger/1 batch brought, from the device its envelope names."""

    device_id: str
    log_epoch: str
    sent_wall_ms: int
    sent_boot_id: str | None
    sent_mono_ms: int | None
    records: tuple[Record | Malformed, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """One received batch, as far as its envelope tells. Times in Unix ms; None is absent."""

    receipt: str
    received_ms: int
    dialect: str
    device_id: str | None
    account_id: str | None
    network: str | None
    country: str | None
    user_agent: str | None
    body: Body | None
    """None for other dialects than podledger/1."""
    claims: tuple[Told, ...] = ()
    """The records of other dialects, in their order."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A line refused as a whole, with its records; receipt and dialect where the line gives them."""

    reason: Reason
    receipt: str | None
    dialect: str | None


Line = Batch | Refused


def judge_line(line: bytes) -> Line:
    """What the bytes between two line feeds are. They must not be blank, and a file's BOM must be gone."""
    try:
        envelope = read_value(line)
    except Unreadable:
        envelope = None
    if not isinstance(envelope, dict):
        return Refused(Reason.UNREADABLE, receipt=None, dialect=None)
    reason = _why_refused(envelope)
    if reason is not None:
        return Refused(reason, _string(envelope.get("receipt")), _string(envelope.get("dialect")))
    return _batch(envelope, line)


def _why_refused(envelope: dict[str, Any]) -> Reason | None:
    if not _is_readable(envelope):
        return Reason.UNREADABLE
    if not is_int(envelope.get("v"), VERSION, VERSION) or envelope["dialect"] not in DIALECTS:
        return Reason.UNSUPPORTED_VERSION
    if envelope["dialect"] != Dialect.PODLEDGER.value:
        return None
    body = envelope["body"]
    if not isinstance(body, dict) or not is_int(body.get("v"), VERSION, VERSION):
        return Reason.UNSUPPORTED_VERSION
    if not same_value(envelope.get("device_id"), body.get("device_id")):
        return Reason.WRONG_DEVICE
    return None if _is_well_formed(body) else Reason.MALFORMED


def _is_readable(envelope: dict[str, Any]) -> bool:
    return (
        is_string(envelope.get("receipt"))
        and is_int(envelope.get("received_ms"), 0, LATEST_RECEIVED_MS)
        and is_string(envelope.get("dialect"))
        and envelope.get("body") is not None
    )


def _is_well_formed(body: dict[str, Any]) -> bool:
    sent = body.get("sent")
    return (
        is_string(body.get("device_id"), MAX_NAME_CHARS)
        and is_string(body.get("log_epoch"), MAX_NAME_CHARS)
        and isinstance(sent, dict)
        and is_int(sent.get("wall_ms"))
        and isinstance(body.get("records"), list)
    )


def _batch(envelope: dict[str, Any], line: bytes) -> Batch:
    dialect, received_ms = envelope["dialect"], envelope["received_ms"]
    device_id, account_id = _string(envelope.get("device_id")), _string(envelope.get("account_id"))
    claims: tuple[Told, ...] = ()
    if dialect in TRANSLATIONS:
        text = member_text(line.decode("utf-8"), "body")
        sender = Sender(dialect, device_id, account_id, received_ms)
        claims = tuple(TRANSLATIONS[dialect](envelope["body"], text, sender))
    return Batch(
        receipt=envelope["receipt"],
        received_ms=received_ms,
        dialect=dialect,
        device_id=device_id,
        account_id=account_id,
        network=_string(envelope.get("network")),
        country=_string(envelope.get("country")),
        user_agent=_string(envelope.get("user_agent")),
        body=_body(envelope["body"]) if dialect == Dialect.PODLEDGER.value else None,
        claims=claims,
    )


def _body(body: dict[str, Any]) -> Body:
    sent = body["sent"]
    return Body(
        device_id=body["device_id"],
        log_epoch=body["log_epoch"],
        sent_wall_ms=sent["wall_ms"],
        sent_boot_id=_string(sent.get("boot_id")),
        sent_mono_ms=sent["mono_ms"] if is_int(sent.get("mono_ms")) else None,
        records=tuple(read_record(value) for value in body["records"]),
    )


def _string(value: object) -> str | None:
    return cast(str, value) if is_string(value) else None


def same_value(one: object, other: object) -> bool:
    """Whether two JSON values are the same, true never being 1, at any depth."""
    pairs = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs.extend((left[name], right[name]) for name in left)
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs.extend(zip(left, right, strict=True))
        elif left != right:
            return False
    return True
