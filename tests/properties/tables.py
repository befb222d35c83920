"""What tables hold, as plain values: from a lake through deltalake, and from lines by the plain reading."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from jobs.records.counting import count
from jobs.records.listens import daily_listens
from jobs.records.logs import device_logs
from tests.properties.plain_claims import read_claims

SILVER = ("silver/events", "silver/rejected", "silver/device_logs", "silver/listens", "silver/impossible_days")


def versions(lake: Path) -> dict[str, int]:
    """The newest version of every table of the lake."""
    return {
        str(log.parent.relative_to(lake)): DeltaTable(str(log.parent)).version() for log in lake.glob("*/*/_delta_log")
    }


def rows(lake: Path, name: str) -> list[dict[str, Any]]:
    """All rows of a table at its newest version."""
    found: list[dict[str, Any]] = DeltaTable(str(lake / name)).to_pyarrow_table().to_pylist()
    return found


def content(lake: Path, names: tuple[str, ...] = SILVER) -> dict[str, Counter[str]]:
    """Every row of these tables, as a bag, so that equal content is equal whatever the files."""
    return {name: Counter(repr(sorted(row.items())) for row in rows(lake, name)) for name in names}


def as_found(lake: Path) -> dict[str, Any]:
    """Events, refusals, logs and listens that the lake holds."""
    return {
        "batches": len(rows(lake, "bronze/sync_batches")),
        "events": {
            row["id"]: (
                row["listener_id"],
                _ms(row["at"]),
                _ms(row["session_at"]),
                row["clock"],
                row["listen_day"],
                row["receipt"],
                row["line_key"],
                row["position"],
                row["device_id"],
                row["session_id"],
                row["episode_id"],
                row["type"],
                row["from_ms"],
                row["to_ms"],
                row["evidence"],
            )
            for row in rows(lake, "silver/events")
        },
        "refusals": Counter(
            (row["key"], row["reason"], row["raw"], row["receipt"], row["dialect"])
            for row in rows(lake, "silver/rejected")
        ),
        "logs": {
            (row["device_id"], row["log_epoch"]): (
                row["max_seq"],
                row["events"],
                [(gap["from_seq"], gap["to_seq"]) for gap in row["missing"]],
                row["forks"],
            )
            for row in rows(lake, "silver/device_logs")
        },
        "listens": {row["listen_id"]: _listen(row) for row in rows(lake, "silver/listens")},
    }


def as_read(lines: list[bytes], catalogue: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The same by the plain readings of the contract and of the other dialects."""
    measured, claims = (
        _measured(lines, {name: row["duration_ms"] for name, row in catalogue.items()}),
        read_claims(lines, catalogue),
    )
    return measured | {
        "events": measured["events"] | {name: _claimed(event) for name, event in claims.events.items()},
        "refusals": measured["refusals"] + claims.refusals,
        "listens": measured["listens"] | claims.listens,
    }


def _claimed(event: dict[str, Any]) -> tuple[Any, ...]:
    _, receipt, line_key, position = event["standing"]
    at_ms = event["at_ms"]
    day = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).date()
    when = (at_ms, at_ms, event["clock"], day, receipt.decode(), line_key, position)
    what = tuple(event[name] for name in ("device_id", "session_id", "episode_id", "type", "from_ms", "to_ms"))
    return (event["listener_id"], *when, *what, "claimed")


def _measured(lines: list[bytes], durations_ms: dict[str, int]) -> dict[str, Any]:
    total = count(lines, durations_ms)
    events = list(total.events.values())
    return {
        "batches": total.batches,
        "events": {
            name: (
                event.listener_id,
                event.at_ms,
                event.session_at_ms,
                event.clock.value,
                event.listen_day,
                event.standing.receipt.decode(),
                event.standing.line_key,
                event.standing.position,
                event.device_id,
                event.record.session_id,
                event.record.episode_id,
                event.record.type,
                event.record.from_ms,
                event.record.to_ms,
                "measured",
            )
            for name, event in total.events.items()
        },
        "refusals": Counter((one.key, one.reason.value, one.raw, one.receipt, one.dialect) for one in total.refusals),
        "logs": {key: (log.max_seq, log.events, log.missing, log.forks) for key, log in device_logs(events).items()},
        "listens": {
            key: (
                one.listener_id,
                one.episode_id,
                one.listen_day,
                one.heard,
                one.heard_ms,
                one.played_ms,
                one.offline_ms,
                one.sessions,
                one.first_at_ms,
                one.last_at_ms,
                one.last_received_at_ms,
                one.completed,
                one.status.value,
                one.reasons,
            )
            for key, one in daily_listens(events, durations_ms).items()
        },
    }


def _listen(row: dict[str, Any]) -> tuple[Any, ...]:
    heard = [(span["from_ms"], span["to_ms"]) for span in row["heard"]]
    figures = tuple(row[name] for name in ("heard_ms", "played_ms", "offline_ms", "sessions"))
    times = tuple(_ms(row[name]) for name in ("first_at", "last_at", "last_received_at"))
    names = (row["listener_id"], row["episode_id"], row["listen_day"])
    return (*names, heard, *figures, *times, row["completed"], row["status"], row["reasons"])


def _ms(moment: Any) -> int:
    milliseconds: int = round(moment.timestamp() * 1000)
    return milliseconds
