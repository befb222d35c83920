"""A second, plain reading of the counting rules, to hold the simulator against.

Everything in memory, one rule after the other; it shares no code with the jobs or the simulator.
"""

import gzip
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

TOLERANCE_MS = 120_000
DAY_MS = 86_400_000
MOST_INT = 2**53 - 1
LAST_RECEIVED_MS = 253402300799999
TYPES = ("download", "play", "progress", "pause", "complete")
HASHED = (
    "seq", "session_id", "session_wall_ms", "type", "episode_id", "wall_ms", "boot_id", "mono_ms",
    "from_ms", "to_ms", "rate_milli", "offline",
)  # fmt: skip
CONTROL = re.compile("[\x00-\x1f\ud800-\udfff]")


@dataclass(repr=False)
class Counted:
    """What a landing folder comes to."""

    lines: int = 0
    batches: int = 0
    copies: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    clocks: Counter[str] = field(default_factory=Counter)
    listens: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    logs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)


def read_landing(landing: Path) -> Counted:
    """Read all landed lines and count."""
    counted = Counted()
    rows = (landing / "catalog" / "episodes.ndjson").read_text(encoding="utf-8").splitlines()
    durations_ms = {row["episode_id"]: row["duration_ms"] for row in map(json.loads, rows)}
    seen: set[bytes] = set()
    for file in sorted(landing.glob("sync/*/*/*.ndjson.gz")):
        text = gzip.decompress(file.read_bytes()).removeprefix(b"\xef\xbb\xbf")
        for line in text.split(b"\n"):
            if line.strip(b" \t\r") and line not in seen:
                seen.add(line)
                _read_line(counted, line, durations_ms)
    counted.lines = len(seen)
    _make_logs(counted)
    _make_listens(counted, durations_ms)
    return counted


def _no_constant(text: str) -> None:
    raise ValueError(text)


def _is_int(value: object, least: int = -MOST_INT, most: int = MOST_INT) -> bool:
    return type(value) is int and least <= value <= most


def _is_string(value: object, most: int = 64) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= most and not CONTROL.search(value)


def _line_refusal(line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        envelope = json.loads(line.decode(), parse_constant=_no_constant)
    except ValueError:
        return "unreadable", {}
    if (
        not isinstance(envelope, dict)
        or not (isinstance(envelope.get("receipt"), str) and envelope["receipt"])
        or not _is_int(envelope.get("received_ms"), 0, LAST_RECEIVED_MS)
        or not isinstance(envelope.get("dialect"), str)
        or envelope.get("body") is None
    ):
        return "unreadable", {}
    body, dialect = envelope["body"], envelope["dialect"]
    if not _is_int(envelope.get("v"), 1, 1) or dialect not in ("podledger/1", "gpodder/2", "rad/1"):
        return "unsupported_version", envelope
    if dialect != "podledger/1":
        return "", envelope
    if not isinstance(body, dict) or not _is_int(body.get("v"), 1, 1):
        return "unsupported_version", envelope
    if body.get("device_id") != envelope.get("device_id"):
        return "wrong_device", envelope
    sent = body.get("sent")
    sound = (
        _is_string(body.get("device_id"))
        and _is_string(body.get("log_epoch"))
        and isinstance(sent, dict)
        and _is_int(sent.get("wall_ms"))
        and isinstance(body.get("records"), list)
    )
    return "" if sound else "malformed", envelope


def _read_line(counted: Counted, line: bytes, durations_ms: dict[str, int]) -> None:
    key = sha256(line).hexdigest()
    refusal, envelope = _line_refusal(line)
    if refusal:
        counted.refused[key] = refusal
        return
    counted.batches += 1
    if envelope["dialect"] != "podledger/1":
        return
    body = envelope["body"]
    for position, record in enumerate(body["records"]):
        reason = _record_refusal(record, body, durations_ms)
        if reason:
            counted.refused[f"{key}:{position}"] = reason
            continue
        counted.copies += 1
        order = (envelope["received_ms"], envelope["receipt"].encode(), key, position)
        known = counted.events.get(record["id"])
        if known is None or order < known["order"]:
            account = envelope.get("account_id")
            listener = account if isinstance(account, str) and account else body["device_id"]
            counted.events[record["id"]] = {
                "order": order, "envelope": envelope, "listener": listener, "record": record,
            }  # fmt: skip


def _record_refusal(record: object, body: dict[str, Any], durations_ms: dict[str, int]) -> str:
    if not isinstance(record, dict):
        return "malformed"
    get = record.get
    progress = get("type") == "progress"
    interval: tuple[Any, Any, Any] = (get("from_ms"), get("to_ms"), get("rate_milli"))
    sound = (
        isinstance(get("id"), str) and re.fullmatch("[0-9a-f]{64}", record["id"])
        and _is_int(get("seq"), 1)
        and _is_string(get("session_id"))
        and _is_int(get("session_wall_ms"))
        and get("type") in TYPES
        and _is_string(get("episode_id"), 128)
        and _is_int(get("wall_ms"))
        and (get("boot_id") is None or _is_string(get("boot_id")))
        and (get("mono_ms") is None or _is_int(get("mono_ms"), 0))
        and (get("boot_id") is None) == (get("mono_ms") is None)
        and _is_int(get("offline"), 0, 1)
        and (
            all(_is_int(value) for value in interval) and 250 <= interval[2] <= 5000
            if progress
            else interval == (None, None, None)
        )
    )  # fmt: skip
    if not sound:
        return "malformed"
    values = ["podledger/1", body["device_id"], body["log_epoch"]]
    values += ["" if get(name) is None else str(get(name)) for name in HASHED]
    if sha256("\n".join(values).encode()).hexdigest() != record["id"]:
        return "hash_mismatch"
    if record["episode_id"] not in durations_ms:
        return "unknown_episode"
    if progress:
        from_ms, to_ms = interval[0], interval[1]
        if not 0 <= from_ms < to_ms <= durations_ms[record["episode_id"]] + 2000:
            return "bad_interval"
    return ""


def when(envelope: dict[str, Any], record: dict[str, Any]) -> tuple[int, str]:
    """The instant of a record in Unix ms, and the clock it was taken from."""
    received, sent = envelope["received_ms"], envelope["body"]["sent"]
    wall, mono = record["wall_ms"], record.get("mono_ms")
    skew = received - sent["wall_ms"]
    boot = record.get("boot_id")
    sent_mono = sent.get("mono_ms")
    same_boot = boot is not None and boot == sent.get("boot_id")
    if same_boot and _is_int(sent_mono) and mono <= sent_mono:
        mono_at = received - (sent_mono - mono)
        close = abs(mono_at - wall) <= TOLERANCE_MS
        at, clock = (wall, "wall") if close else (mono_at, "monotonic")
    else:
        close = abs(skew) <= TOLERANCE_MS
        at, clock = (wall, "wall") if close else (wall + skew, "offset")
    if at > received:
        at, clock = received, "clamped" if at > received + TOLERANCE_MS else clock
    if at < received - 400 * DAY_MS:
        at, clock = received, "unknown"
    return at, clock


def _date(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d")


def _make_logs(counted: Counted) -> None:
    ids: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for event in counted.events.values():
        body = event["envelope"]["body"]
        ids[body["device_id"], body["log_epoch"]][event["record"]["seq"]] += 1
    for key, seqs in ids.items():
        gaps, expected = [], 1
        for seq in sorted(seqs):
            if seq > expected:
                gaps.append([expected, seq - 1])
            expected = seq + 1
        forks = [seq for seq in sorted(seqs) if seqs[seq] > 1]
        events = sum(seqs.values())
        counted.logs[key] = {
            "max_seq": max(seqs), "events": events, "missing": gaps, "forks": forks,
        }  # fmt: skip


def _make_listens(counted: Counted, durations_ms: dict[str, int]) -> None:
    groups: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    spent: Counter[tuple[str, str]] = Counter()
    for event in counted.events.values():
        record, envelope = event["record"], event["envelope"]
        at, clock = event["at"], event["clock"] = when(envelope, record)
        counted.clocks[clock] += 1
        if record["type"] != "progress":
            continue
        since = record["wall_ms"] - record["session_wall_ms"]
        session_at = at - since if 0 <= since <= DAY_MS else at
        groups[event["listener"], record["episode_id"], _date(session_at)].append(event)
        content = record["to_ms"] - record["from_ms"]
        event["played"] = content * 1000 // record["rate_milli"]
        event["device_day"] = (envelope["body"]["device_id"], _date(at))
        if clock not in ("clamped", "unknown"):
            spent[event["device_day"]] += event["played"]
    impossible = {device_day for device_day, played_ms in spent.items() if played_ms > DAY_MS}
    for key, events in groups.items():
        counted.listens[key] = _listen(events, durations_ms[key[1]], impossible)


def _listen(events: list[dict[str, Any]], duration_ms: int, impossible: set[tuple[str, str]]) -> dict[str, Any]:
    heard: list[list[int]] = []
    for from_ms, to_ms in sorted((e["record"]["from_ms"], e["record"]["to_ms"]) for e in events):
        if heard and from_ms <= heard[-1][1]:
            heard[-1][1] = max(heard[-1][1], to_ms)
        else:
            heard.append([from_ms, to_ms])
    heard_ms = sum(to_ms - from_ms for from_ms, to_ms in heard)
    invalid = any(
        event["device_day"] in impossible and event["clock"] not in ("clamped", "unknown") for event in events
    )
    return {
        "heard": heard,
        "heard_ms": heard_ms,
        "played_ms": sum(event["played"] for event in events),
        "offline_ms": sum(e["record"]["to_ms"] - e["record"]["from_ms"] for e in events if e["record"]["offline"]),
        "sessions": len({event["record"]["session_id"] for event in events}),
        "first_at": min(event["at"] for event in events),
        "last_at": max(event["at"] for event in events),
        "last_received_at": max(event["envelope"]["received_ms"] for event in events),
        "completed": heard_ms * 100 >= duration_ms * 95,
        "status": "invalid" if invalid else "too_short" if heard_ms <= 30_000 else "counted",
        "reasons": ["impossible_day"] if invalid else [],
    }
