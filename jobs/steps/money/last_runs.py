"""The last run of each program and month, and rows of the lake's tables as its last finished command left them."""

from pathlib import Path
from typing import Any

from jobs.published.reading import rows, state_of
from jobs.steps.money.runs import Run
from jobs.tables import SETTLEMENT_RUNS, Table


def last_runs(lake: Path, period: str | None) -> list[Run]:
    """Of each program and month the last run that was posted, or else settled; of one month, if any is given."""
    found = read(lake, SETTLEMENT_RUNS, "true" if period is None else f"period = '{period}'")
    found.sort(key=lambda row: (row["state"] == "posted", row["settlement_period"], row["draft_no"]))
    return [Run(**row) for _, row in sorted({(row["program"], row["period"]): row for row in found}.items())]


def read(lake: Path, table: Table, where: str = "true", columns: str = "*") -> list[dict[str, Any]]:
    """Rows of a table that meet a SQL condition; none where the table is not there yet."""
    version = state_of(lake).get("tables", {}).get(table.name, -1)
    return [] if version < 0 else list(rows(lake, table.name, version, where, columns).to_pylist())
