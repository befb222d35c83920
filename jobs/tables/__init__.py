"""Every table, declared once: what the Spark schemas, constraints, checks and docs/tables.md come from."""

from jobs.tables.bronze import CLAIMS, EPISODES, LANDED_FILES, SYNC_BATCHES, SYNC_LINES, SYNC_RECORDS
from jobs.tables.declare import Column, Table
from jobs.tables.gold import GATE_RESULTS, RESTATEMENTS, RUNS
from jobs.tables.silver import (
    DEVICE_DAYS,
    DEVICE_LOGS,
    EVENTS,
    IMPOSSIBLE_DAYS,
    LISTEN_SESSIONS,
    LISTENS,
    REJECTED,
)

TABLES: tuple[Table, ...] = (
    LANDED_FILES,
    SYNC_LINES,
    SYNC_RECORDS,
    CLAIMS,
    SYNC_BATCHES,
    EPISODES,
    EVENTS,
    REJECTED,
    DEVICE_LOGS,
    DEVICE_DAYS,
    IMPOSSIBLE_DAYS,
    LISTENS,
    LISTEN_SESSIONS,
    RESTATEMENTS,
    GATE_RESULTS,
    RUNS,
)

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}

__all__ = [
    "BY_NAME",
    "CLAIMS",
    "DEVICE_DAYS",
    "DEVICE_LOGS",
    "EPISODES",
    "EVENTS",
    "GATE_RESULTS",
    "IMPOSSIBLE_DAYS",
    "LANDED_FILES",
    "LISTENS",
    "LISTEN_SESSIONS",
    "REJECTED",
    "RESTATEMENTS",
    "RUNS",
    "SYNC_BATCHES",
    "SYNC_LINES",
    "SYNC_RECORDS",
    "TABLES",
    "Column",
    "Table",
]
