"""How a lake stands: what is landed, counted and published, how late it is, and which check failed."""

import datetime as dt
from pathlib import Path
from typing import Any

from jobs.lake.arrow import as_rows
from jobs.lake.landing_files import landing_at
from jobs.lake.lock import busy_with
from jobs.published.reading import current, looked_at, rows, state_of

CHAIN = ("count", "listens", "restate", "validate", "publish")


def status(lake: Path, landing: str, now: dt.datetime) -> dict[str, Any]:
    """Everything there is to say, as plain values; ages in seconds."""
    state = state_of(lake)
    tables: dict[str, int] = state.get("tables", {})
    return {
        "lake": str(lake),
        "busy_with": busy_with(lake),
        "landing": _landing(lake, landing, tables),
        "catalogue": _catalogue(state),
        "landings": _number(state, "landing", "number"),
        "counted_landings": _number(state, "counted", "landing"),
        "published": _published(lake, now),
        "pending": _pending(lake, state),
        "newest": _newest(lake, tables, now),
        "failed_checks": _failed_checks(lake, tables),
        "rejected_drafts": _rejected_drafts(lake, tables),
        "tables": tables,
    }


def _number(state: dict[str, Any], name: str, field: str) -> int:
    return int(state.get("done", {}).get(name, {}).get(field, 0))


def _landing(lake: Path, landing: str, tables: dict[str, int]) -> dict[str, Any]:
    known: dict[str, tuple[int, str]] = {}
    damaged: list[str] = []
    for row in looked_at(lake, tables.get("bronze/landed_files")):
        known[row["path"]] = (row["size_bytes"], row["tag"])
        if row["state"] == "damaged":
            damaged.append(f"{row['path']}: {row['reason']}")
    place = landing_at(landing)
    files = place.files() if place.exists() else []
    waiting = [file for file in files if known.get(file.path) != (file.size_bytes, file.tag)]
    return {"folder": landing, "files": len(known), "waiting": len(waiting), "damaged": sorted(damaged)}


def _catalogue(state: dict[str, Any]) -> dict[str, Any]:
    catalogue = state.get("catalogue", {})
    return {"in_force": bool(catalogue.get("in_force")), "faults": catalogue.get("faults", [])}


def _published(lake: Path, now: dt.datetime) -> dict[str, Any] | None:
    publication = current(lake)
    if publication is None:
        return None
    at = dt.datetime.fromtimestamp(publication.at_ms / 1000, dt.UTC)
    return {
        "publication": publication.number,
        "at": at.isoformat(timespec="seconds"),
        "age_s": round((now - at).total_seconds()),
    }


def _pending(lake: Path, state: dict[str, Any]) -> list[str]:
    """Steps with inputs that they have not worked from yet."""
    done, tables = state.get("done", {}), state.get("tables", {})
    behind = [
        step
        for step in CHAIN[:-1]
        if any(tables.get(name, -1) != version for name, version in done.get(step, {}).items())
        or (step not in done and "bronze/sync_lines" in tables)
    ]
    publication = current(lake)
    listens = tables.get("silver/listens")
    if listens is not None and (publication is None or publication.tables.get("silver/listens") != listens):
        behind.append("publish")
    return behind


def _newest(lake: Path, tables: dict[str, int], now: dt.datetime) -> dict[str, Any] | None:
    if "bronze/sync_batches" not in tables:
        return None
    version = tables["bronze/sync_batches"]
    newest = rows(lake, "bronze/sync_batches", version, columns="max(received_ms) as at").to_pylist()[0]["at"]
    if newest is None:
        return None
    at = dt.datetime.fromtimestamp(newest / 1000, dt.UTC)
    return {"received_at": at.isoformat(timespec="seconds"), "age_s": round((now - at).total_seconds())}


def _rejected_drafts(lake: Path, tables: dict[str, int]) -> list[dict[str, Any]]:
    """Closes whose newest draft somebody rejected: ``settlement_period``, ``draft_no``, ``by``, ``reason``."""
    name = "gold/settlement_runs"
    if tables.get(name, -1) < 0:
        return []
    states = rows(lake, name, tables[name], columns="distinct settlement_period, draft_no, state").to_pylist()
    newest = {row["settlement_period"]: row["draft_no"] for row in sorted(states, key=lambda row: row["draft_no"])}
    told: list[dict[str, Any]] = []
    for close, draft_no in sorted(newest.items()):
        of_draft = {row["state"] for row in states if (row["settlement_period"], row["draft_no"]) == (close, draft_no)}
        if "rejected" in of_draft:
            where = f"settlement_period = '{close}' and draft_no = {draft_no} and state = 'rejected'"
            columns = 'distinct settlement_period, draft_no, "by", reason'
            told += rows(lake, name, tables[name], where, columns).to_pylist()
    return told


def _failed_checks(lake: Path, tables: dict[str, int]) -> list[str]:
    """Checks of the newest validation that did not pass."""
    if tables.get("gold/gate_results", 0) < 1:
        return []
    newest = "checked_at = (select max(checked_at) from t) and outcome <> 'passed'"
    found = as_rows(rows(lake, "gold/gate_results", tables["gold/gate_results"], newest))
    return sorted(
        f"{row['table']}: {row['expectation']} {row['outcome']} ({row['severity']}): {row['about']}" for row in found
    )
