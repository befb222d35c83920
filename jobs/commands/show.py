"""``podledger show``: rows of a table at a terminal, without Spark."""

import argparse
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.commands.places import add_places, day, month, settings_of
from jobs.errors import Stop
from jobs.finance.periods import Period
from jobs.tables import BY_NAME, Table

ABOUT = "Show rows of a table: as published, or of money as the last command left them."
DAY_COLUMNS = ("listen_day", "day")
MONTH_COLUMNS = ("settlement_period", "period")
WIDEST = 8  # columns that stand side by side at a terminal; wider rows are shown one below the other


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_places(parser)
    parser.add_argument("table", metavar="TABLE", help=f"one of {', '.join(BY_NAME)}")
    parser.add_argument("--day", type=day, metavar="DAY", help="only this UTC day")
    parser.add_argument("--period", type=month, metavar="MONTH", help="only the close of this month, like 2026-10")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many rows (default 20)")


def run(arguments: argparse.Namespace) -> int:
    """Prints the rows, ordered by the table's key."""
    from jobs.lake.arrow import as_rows

    table = _table(arguments.table)
    if arguments.limit < 1:
        raise Stop(f"--limit wants at least 1, not {arguments.limit}")
    where = f"{_where(table, DAY_COLUMNS, arguments.day)} and {_where(table, MONTH_COLUMNS, arguments.period)}"
    order = ", ".join(f'"{name}"' for name in table.key)
    rows = _rows(settings_of(arguments).lake, table, f"{where} order by {order} limit {arguments.limit}")
    found = as_rows(rows.select([name for name in table.column_names if name in rows.column_names]))
    if arguments.json:
        print(json.dumps({"table": table.name, "rows": [_plain(row) for row in found]}, ensure_ascii=False))
    else:
        _print(table, found)
    return 0


def _table(name: str) -> Table:
    table = BY_NAME.get(name) or BY_NAME.get(name.replace(".", "/"))
    short = [one for one in BY_NAME.values() if one.name.split("/")[1] == name]
    if table is None and len(short) == 1:
        return short[0]
    if table is None:
        raise Stop(f"there is no table {name!r}; there are {', '.join(BY_NAME)}")
    return table


def _rows(lake: Path, table: Table, where: str) -> Any:
    """The rows as published; of a table that is not, as the last command that came to an end left them."""
    from jobs.published.reading import published, rows, state_of

    if table.published:
        return published(lake, table.name, where)
    version = state_of(lake).get("tables", {}).get(table.name, -1)
    if version < 0:
        raise Stop(f"there is no {table.name} in {lake} yet")
    return rows(lake, table.name, version, where)


def _where(table: Table, of: Sequence[str], asked: dt.date | Period | None) -> str:
    if asked is None:
        return "true"
    columns = [name for name in of if name in table.column_names]
    option, what = ("--period", "month") if isinstance(asked, Period) else ("--day", "day")
    if not columns:
        raise Stop(f"{table.name} has no {what} to choose by; leave {option} out")
    value = f"'{asked}'" if isinstance(asked, Period) else f"date '{asked}'"
    return f"{columns[0]} = {value}"


def _print(table: Table, rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table as Grid

    if not rows:
        print(f"{table.name}: no rows")
        return
    if len(rows[0]) > WIDEST:
        print(f"{table.name}: {len(rows)} rows")
        for row in rows:
            print("\n".join(["", *(f"  {name:<18} {_text(value)}" for name, value in row.items())]))
        return
    grid = Grid(title=table.name, title_justify="left")
    for name in rows[0]:
        grid.add_column(name, overflow="fold")
    for row in rows:
        grid.add_row(*(_text(value) for value in row.values()))
    Console().print(grid)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(_one(item)) for item in value)
    return "" if value is None else str(_one(value))


def _one(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, dict):
        return "-".join(str(part) for part in value.values())
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value
