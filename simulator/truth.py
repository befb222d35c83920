"""What really happened: listens, device logs, refusals and tallies, as files beside the landing."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from simulator.records import Log, Record
from simulator.units import day_text

CLOCK_MARGIN_MS = 60_000
"""Two readings of a wall clock that differ by less tell the same day of a session."""

MACHINES_SINCE = "2026-12-01"
"""From that day on what calls itself a machine is taken at its word."""

FILES = ("listens.ndjson", "logs.ndjson", "rejected.ndjson")


@dataclass(slots=True)
class Heard:
    """What one listener heard of one episode on one day."""

    intervals_ms: list[tuple[int, int]] = field(default_factory=list)
    played_ms: int = 0
    offline_ms: int = 0
    sessions: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    first_ms: int = 1 << 62
    last_ms: int = -(1 << 62)
    last_received_ms: int = 0
    invalid: bool = False

    def add(self, record: Record, invalid: bool) -> None:
        """Add one progress record that landed."""
        self.intervals_ms.append((record.from_ms, record.to_ms))
        self.played_ms += record.played_ms
        self.offline_ms += record.offline * (record.to_ms - record.from_ms)
        self.sessions.add(record.session.session_id)
        self.devices.add(record.session.log.device_id)
        self.first_ms = min(self.first_ms, record.at_ms)
        self.last_ms = max(self.last_ms, record.at_ms)
        self.last_received_ms = max(self.last_received_ms, record.first_received_ms)
        self.invalid = self.invalid or invalid


def union(intervals_ms: list[tuple[int, int]]) -> list[list[int]]:
    """The sorted, disjoint union of half-open intervals; touching ones become one."""
    joined: list[list[int]] = []
    for from_ms, to_ms in sorted(intervals_ms):
        if joined and from_ms <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], to_ms)
        else:
            joined.append([from_ms, to_ms])
    return joined


class TruthFiles:
    """The truth of one part, household by household."""

    def __init__(self, folder: Path, tally: Counter[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._listens, self._logs, self._rejected = ((folder / name).open("w", encoding="utf-8") for name in FILES)
        self._tally = tally

    def close(self) -> None:
        """Finish the files."""
        for file in (self._listens, self._logs, self._rejected):
            file.close()

    def refuse(self, key: str, reason: str, device_id: str) -> None:
        """A landed line or record that must be refused, under the key of its refusal."""
        row = {"key": key, "reason": reason, "device_id": device_id}
        _write(self._rejected, row)
        self._tally[f"refused:{reason}"] += 1

    def household(self, logs: list[Log], bots: set[str], machines: set[str]) -> None:
        """Write the logs and listens of people who share an account.

        `bots` and `machines` are ids of devices: of those that play more than a day has, and of those that say of
        themselves that nobody listens.
        """
        listens: defaultdict[tuple[str, str, str], Heard] = defaultdict(Heard)
        durations_ms, unsure = {}, set()
        for log in logs:
            self._write_log(log)
            for record in log.records:
                if not record.is_progress:
                    continue
                session = record.session
                listen = (log.listener_id, session.episode.episode_id)
                durations_ms[session.episode.episode_id] = session.episode.duration_ms
                if not _day_is_certain(record):
                    unsure.add(listen)
                day = day_text(session.began_ms)
                is_invalid = log.device_id in bots or (log.device_id in machines and day >= MACHINES_SINCE)
                listens[(*listen, day)].add(record, is_invalid)
        for (listener_id, episode_id, day), heard in sorted(listens.items()):
            sure = (listener_id, episode_id) not in unsure
            row = _listen_row(heard, durations_ms[episode_id])
            key = {"listener_id": listener_id, "episode_id": episode_id, "listen_day": day}
            _write(self._listens, key | row | {"sure": sure})
            self._tally[f"listens:{row['status']}"] += 1
            self._tally["listens:sure" if sure else "listens:unsure"] += 1

    def _write_log(self, log: Log) -> None:
        copies_by_seq = Counter(record.seq for record in log.records)
        if not copies_by_seq:
            return
        seqs = sorted(copies_by_seq)
        forks = [seq for seq in seqs if copies_by_seq[seq] > 1]
        missing = [[before + 1, seq - 1] for before, seq in zip([0, *seqs], seqs, strict=False) if seq > before + 1]
        row = {"device_id": log.device_id, "log_epoch": log.log_epoch, "max_seq": seqs[-1]}
        events = len(log.records)
        _write(self._logs, row | {"events": events, "missing": missing, "forks": forks})
        self._tally["events"] += events
        self._tally["device_logs"] += 1
        self._tally["forked_seqs"] += len(forks)


def _day_is_certain(record: Record) -> bool:
    """Whether what landed tells the day this record's session truly began."""
    drift_ms = record.offset_ms - record.session.offset_ms
    return record.mendable and abs(drift_ms) <= CLOCK_MARGIN_MS


def _listen_row(heard: Heard, duration_ms: int) -> dict[str, object]:
    intervals_ms = union(heard.intervals_ms)
    heard_ms = sum(to_ms - from_ms for from_ms, to_ms in intervals_ms)
    short = "too_short" if heard_ms <= 30_000 else "counted"
    return {
        "heard": intervals_ms,
        "heard_ms": heard_ms,
        "played_ms": heard.played_ms,
        "offline_ms": heard.offline_ms,
        "sessions": len(heard.sessions),
        "first_ms": heard.first_ms,
        "last_ms": heard.last_ms,
        "last_received_ms": heard.last_received_ms,
        "completed": heard_ms * 100 >= duration_ms * 95,
        "status": "invalid" if heard.invalid else short,
        "devices": sorted(heard.devices),
    }


def _write(file: TextIO, row: Mapping[str, object]) -> None:
    file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
