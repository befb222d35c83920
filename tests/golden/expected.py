"""Comparing a lake's published tables with a sample's expected.json, through readers that are not ours."""

import json
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

LISTEN_COLUMNS = (
    "listener_id",
    "episode_id",
    "listen_day",
    "heard",
    "heard_ms",
    "played_ms",
    "offline_ms",
    "sessions",
    "first_at",
    "last_at",
    "last_received_at",
    "completed",
    "status",
    "reasons",
)


def rows_by_deltalake(lake: Path, name: str) -> list[dict[str, Any]]:
    """The published rows of a table, read with deltalake."""
    table = DeltaTable(str(lake / name), version=_version(lake, name)).to_pyarrow_table()
    return list(table.to_pylist())


def rows_by_duckdb(lake: Path, name: str) -> list[dict[str, Any]]:
    """The published rows of a table, read with DuckDB from the files of that version."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.load_extension(str(delta_extension()))
    query = f"SELECT * FROM delta_scan('{lake / name}', version = {_version(lake, name)})"
    return list(connection.execute(query).to_arrow_table().to_pylist())


def delta_extension() -> Path:
    """DuckDB's Delta extension, from its wheel: nothing is fetched."""
    folder = find_spec("duckdb_extension_delta")
    assert folder is not None
    assert folder.origin is not None
    (path,) = Path(folder.origin).parent.rglob("delta.duckdb_extension")
    return path


def found(read: Any, lake: Path) -> dict[str, Any]:
    """What the lake says of ``podledger/1``, in the shape of expected.json.

    Lines of other dialects count there as batches; what their translation adds has tests of its own.
    """
    events = [row for row in read(lake, "silver/events") if row["dialect"] == "podledger/1"]
    listens = [row for row in read(lake, "silver/listens") if row["evidence"] == "measured"]
    refused = [row for row in read(lake, "silver/rejected") if not is_claim(row)]
    logs = read(lake, "silver/device_logs")
    return {
        "batches": len(read(lake, "bronze/sync_batches")),
        "events": len(events),
        "refused": dict(Counter(row["reason"] for row in refused)),
        "clocks": dict(Counter(row["clock"] for row in events)),
        "status": dict(Counter(row["status"] for row in listens)),
        "forks": sum(len(row["forks"]) for row in logs),
        "listens": {row["listen_id"]: {name: _plain(row[name]) for name in LISTEN_COLUMNS} for row in listens},
        "logs": {
            json.dumps([row["device_id"], row["log_epoch"]], ensure_ascii=False): {
                "max_seq": row["max_seq"],
                "missing": [[gap["from_seq"], gap["to_seq"]] for gap in row["missing"]],
                "forks": row["forks"],
            }
            for row in logs
        },
    }


def is_claim(refusal: dict[str, Any]) -> bool:
    """Whether a refusal is of a record, not a whole line, in another dialect."""
    return refusal["dialect"] in ("gpodder/2", "rad/1") and refusal["position"] is not None


def expected(path: Path) -> dict[str, Any]:
    """The content of an expected.json."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    content["logs"] = {json.dumps(json.loads(key), ensure_ascii=False): log for key, log in content["logs"].items()}
    return content


def _version(lake: Path, name: str) -> int:
    current = json.loads((lake / "_published" / "current.json").read_text(encoding="utf-8"))
    return int(current["tables"][name])


def _plain(value: Any) -> Any:
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1000)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, list):
        return [[item["from_ms"], item["to_ms"]] if isinstance(item, dict) else item for item in value]
    return value
