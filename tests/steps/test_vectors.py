"""The golden vectors by way of the jobs: landed, counted, published and read back."""

import datetime as dt
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from jobs.transforms.listens import listen_id
from tests.conftest import Ran
from tests.golden.expected import rows_by_deltalake
from tests.records.made import envelope, made_id, progress

VECTORS = Path(__file__).parents[1] / "golden" / "vectors"
RECORDS = json.loads((VECTORS / "records.json").read_text(encoding="utf-8"))
CLOCK = json.loads((VECTORS / "clock.json").read_text(encoding="utf-8"))


def landed(folder: Path, lines: list[dict[str, Any]], episodes: set[str]) -> Path:
    """A landing folder with these lines, and a catalogue of these episodes, each of ten hours."""
    catalogue = folder / "catalog" / "episodes.ndjson"
    catalogue.parent.mkdir(parents=True)
    rows = [{"episode_id": one, "show_id": "s", "creator_id": "c", "duration_ms": 36_000_000} for one in episodes]
    catalogue.write_text("".join(json.dumps(row) + "\n" for row in rows))
    file = folder / "sync" / "2026-11-10" / "00" / "vectors.ndjson.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))
    return folder


def line(device_id: str, log_epoch: str, record: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A batch of this one record."""
    sent = changed.pop("sent", {"wall_ms": 1_794_355_200_000})
    content = {"v": 1, "device_id": device_id, "log_epoch": log_epoch, "sent": sent, "records": [record]}
    made: dict[str, Any] = envelope(content, device_id=device_id, receipt=f"r-{device_id}-{record['id']}", **changed)
    return made


def clock_line(place: int, vector: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The vector's record from a device of its own, and its id."""
    record = progress(id="", **vector["record"])
    record["id"] = made_id(record, device_id=f"device-{place}")
    return record["id"], line(f"device-{place}", "e1", record, sent=vector["sent"], received_ms=vector["received_ms"])


def milliseconds(instant: dt.datetime) -> int:
    return round(instant.timestamp() * 1000)


@pytest.mark.spark
def test_records_get_their_golden_ids_and_times(podledger: Callable[..., Ran], tmp_path: Path) -> None:
    placed = {}
    lines = []
    for place, vector in enumerate(CLOCK):
        record_id, made = clock_line(place, vector)
        placed[record_id] = (vector["at_ms"], vector["clock"], vector["session_at_ms"])
        lines.append(made)
    for vector in RECORDS["records"]:
        lines.append(line(vector["device_id"], vector["log_epoch"], vector["record"] | {"id": vector["id"]}))
    episodes = {made["body"]["records"][0]["episode_id"] for made in lines}
    lake = tmp_path / "lake"
    ran = podledger("run", "--landing", landed(tmp_path / "landing", lines, episodes), "--lake", lake)
    assert ran.code == 0, ran.err
    events = {row["id"]: row for row in rows_by_deltalake(lake, "silver/events")}
    assert events.keys() == placed.keys() | {vector["id"] for vector in RECORDS["records"]}
    found = {
        one: (milliseconds(events[one]["at"]), events[one]["clock"], milliseconds(events[one]["session_at"]))
        for one in placed
    }
    assert found == placed


def test_listens_get_their_golden_ids() -> None:
    keys = pa.Table.from_pylist(
        [
            {**one, "listen_day": dt.date.fromisoformat(one["listen_day"]), "evidence": "measured"}
            for one in RECORDS["listen_ids"]
        ]
    )
    with duckdb.connect() as connection:
        connection.register("keys", keys)
        found = connection.execute(f"SELECT {listen_id('keys')} = keys.listen_id FROM keys").fetchall()
    assert found
    assert all(is_equal for (is_equal,) in found)
