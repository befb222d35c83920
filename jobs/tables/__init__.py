"""Every table, declared once: what the Spark schemas, constraints, checks and docs/tables.md come from."""

from jobs.tables.ads import AD_PLAYS
from jobs.tables.bronze import CLAIMS, EPISODES, LANDED_FILES, SYNC_BATCHES, SYNC_LINES, SYNC_RECORDS
from jobs.tables.declare import Column, Table
from jobs.tables.finance import FINANCE_FILES, FINANCE_SETS
from jobs.tables.gold import GATE_RESULTS, RESTATEMENTS, RUNS
from jobs.tables.holds import HOLDS, RULE_COSTS
from jobs.tables.ledger import BALANCES, LEDGER, PAYMENTS, STATEMENTS
from jobs.tables.money import ALLOCATIONS, LISTEN_SETTLEMENTS, SETTLEMENT_RUNS
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
    AD_PLAYS,
    RESTATEMENTS,
    GATE_RESULTS,
    RUNS,
    FINANCE_SETS,
    FINANCE_FILES,
    SETTLEMENT_RUNS,
    ALLOCATIONS,
    LISTEN_SETTLEMENTS,
    HOLDS,
    RULE_COSTS,
    LEDGER,
    PAYMENTS,
    BALANCES,
    STATEMENTS,
)

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}

__all__ = [
    "AD_PLAYS",
    "ALLOCATIONS",
    "BALANCES",
    "BY_NAME",
    "CLAIMS",
    "DEVICE_DAYS",
    "DEVICE_LOGS",
    "EPISODES",
    "EVENTS",
    "FINANCE_FILES",
    "FINANCE_SETS",
    "GATE_RESULTS",
    "HOLDS",
    "IMPOSSIBLE_DAYS",
    "LANDED_FILES",
    "LEDGER",
    "LISTENS",
    "LISTEN_SESSIONS",
    "LISTEN_SETTLEMENTS",
    "PAYMENTS",
    "REJECTED",
    "RESTATEMENTS",
    "RULE_COSTS",
    "RUNS",
    "SETTLEMENT_RUNS",
    "STATEMENTS",
    "SYNC_BATCHES",
    "SYNC_LINES",
    "SYNC_RECORDS",
    "TABLES",
    "Column",
    "Table",
]
