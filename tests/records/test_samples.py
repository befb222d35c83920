"""The plain reading of whole landing folders says what their expected.json says."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jobs.records.counting import count
from jobs.records.listens import Listen, daily_listens
from jobs.records.logs import device_logs
from tests.records.landings import EDGES, WEEK, durations_ms, landed

NEEDS_WEEK = pytest.mark.skipif(not WEEK.exists(), reason="the week's sample does not lie beside the work tree")


def said(lines: list[bytes], catalogue: dict[str, int]) -> dict[str, Any]:
    total = count(lines, catalogue)
    events = total.events.values()
    listens = daily_listens(events, catalogue)
    logs = device_logs(events)
    return {
        "batches": total.batches,
        "events": len(events),
        "refused": Counter(refusal.reason.value for refusal in total.refusals),
        "clocks": Counter(event.clock.value for event in events),
        "status": Counter(listen.status.value for listen in listens.values()),
        "forks": sum(len(log.forks) for log in logs.values()),
        "listens": {key: listen_columns(listen) for key, listen in listens.items()},
        "logs": {
            json.dumps(list(key)): {
                "max_seq": log.max_seq,
                "missing": [list(gap) for gap in log.missing],
                "forks": log.forks,
            }
            for key, log in logs.items()
        },
    }


def listen_columns(listen: Listen) -> dict[str, Any]:
    return {
        "listener_id": listen.listener_id,
        "episode_id": listen.episode_id,
        "listen_day": listen.listen_day.isoformat(),
        "heard": [list(interval) for interval in listen.heard],
        "heard_ms": listen.heard_ms,
        "played_ms": listen.played_ms,
        "offline_ms": listen.offline_ms,
        "sessions": listen.sessions,
        "first_at": listen.first_at_ms,
        "last_at": listen.last_at_ms,
        "last_received_at": listen.last_received_at_ms,
        "completed": listen.completed,
        "status": listen.status.value,
        "reasons": listen.reasons,
    }


def assert_says(lines: list[bytes], catalogue: dict[str, int], expected: Path) -> None:
    found = said(lines, catalogue)
    for what, value in json.loads(expected.read_text(encoding="utf-8")).items():
        assert found[what] == value, what


def test_edges() -> None:
    catalogue = durations_ms(EDGES / "landing/catalog/episodes.ndjson")
    assert_says(landed(EDGES / "landing"), catalogue, EDGES / "expected.json")


def test_edges_after_a_later_catalogue() -> None:
    before = durations_ms(EDGES / "landing/catalog/episodes.ndjson")
    later = durations_ms(EDGES / "later/episodes.ndjson")
    assert_says(landed(EDGES / "landing"), before | later, EDGES / "later/expected.json")


@NEEDS_WEEK
def test_week() -> None:
    catalogue = durations_ms(WEEK / "landing/catalog/episodes.ndjson")
    assert_says(landed(WEEK / "landing"), catalogue, WEEK / "expected.json")
