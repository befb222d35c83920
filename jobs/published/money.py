"""What leaves the house: statements and a close as CSV, with a manifest whose control totals match the ledger."""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.lake.files import write_json
from jobs.published.reading import rows, state_of
from jobs.tables import LEDGER, PAYMENTS, STATEMENTS, Table
from jobs.transforms.settlement.statements import MOVEMENTS

SUBTRACTED = frozenset({"held_minor", "paid_minor", "withheld_minor"})
OF_LINES = MOVEMENTS[:5]
STATEMENT_COLUMNS = (
    "payee_id",
    "currency",
    "settlement_period",
    "line",
    "show_id",
    "program",
    "period",
    "amount_minor",
)
MANIFEST = "manifest.json"


def statement_rows(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A statement as signed lines: the opening, what moved by show and month, and the closing, which is their sum.

    A line of nothing is left out; the opening and the closing never are.
    """
    head = {name: statement[name] for name in STATEMENT_COLUMNS[:3]}

    def line(name: str, amount_minor: int, **of: Any) -> dict[str, Any]:
        signed = -amount_minor if f"{name}_minor" in SUBTRACTED else amount_minor
        return {**dict.fromkeys(STATEMENT_COLUMNS), **head, "line": name, "amount_minor": signed, **of}

    yield line("opening", statement["opening_minor"])
    for one in statement["lines"]:
        of = {name: one[name] for name in ("show_id", "program", "period")}
        yield from (line(name.removesuffix("_minor"), one[name], **of) for name in OF_LINES if one[name])
    for name in MOVEMENTS[5:]:
        if statement[name]:
            yield line(name.removesuffix("_minor"), statement[name])
    yield line("closing", statement["closing_minor"])


def write_statements(lake: Path, close: str, out: Path) -> dict[str, int]:
    """One CSV a payee and currency in the folder, ``<payee>.<currency>.csv``; how many files and lines.

    Raises:
        Stop: the close has no statements, or one does not add up; then none is written.
    """
    found = _rows_of(lake, STATEMENTS, close)
    if not found:
        raise Stop(f"there are no statements of {close} in {lake}: `podledger post --period {close}` makes them")
    files = {}
    for statement in found:
        lines = list(statement_rows(statement))
        if sum(line["amount_minor"] for line in lines[:-1]) != statement["closing_minor"]:
            raise Stop(f"the statement of {statement['payee_id']} does not add up; see docs/runbooks/money.md")
        files[f"{statement['payee_id']}.{statement['currency']}.csv"] = lines
    for name, lines in files.items():
        _write(out / name, _csv(STATEMENT_COLUMNS, lines))
    return {"files": len(files), "lines": sum(len(lines) for lines in files.values())}


def write_export(lake: Path, close: str, out: Path) -> dict[str, int]:
    """The close's postings, payments and statements as CSV, and ``manifest.json``: checksums, rows, control totals.

    Raises:
        Stop: nothing was posted with that close, or debits and credits differ; then nothing is written.
    """
    contents = {}
    manifest: dict[str, Any] = {"settlement_period": close, "files": {}}
    for table in (LEDGER, PAYMENTS, STATEMENTS):
        found = _rows_of(lake, table, close)
        if table is LEDGER and not found:
            raise Stop(f"nothing is posted with {close} in {lake}: `podledger post --period {close}` does that")
        columns = [name for name in table.column_names if name != "lines"]
        name = f"{table.noun}.csv"
        contents[name] = _csv(columns, found)
        manifest["files"][name] = {
            "rows": len(found),
            "sha256": hashlib.sha256(contents[name]).hexdigest(),
            "totals": _totals(table, found),
        }
    for currency, sides in manifest["files"]["ledger.csv"]["totals"].items():
        if sides["debit"] != sides["credit"]:
            raise Stop(f"debits and credits of {close} differ in {currency}: {sides}; see docs/runbooks/money.md")
    for name, content in contents.items():
        _write(out / name, content)
    write_json(out / MANIFEST, manifest)
    return {"files": len(contents) + 1, "rows": sum(one["rows"] for one in manifest["files"].values())}


def _totals(table: Table, found: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Control totals by currency: of postings by side, of payments by state, of statements by column."""
    totals: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in found:
        of = totals[row["currency"]]
        if table is STATEMENTS:
            for name in ("opening_minor", *MOVEMENTS, "closing_minor"):
                of[name] += row[name]
        else:
            of[row["side" if table is LEDGER else "state"]] += row["amount_minor"]
    return {currency: dict(of) for currency, of in sorted(totals.items())}


def _rows_of(lake: Path, table: Table, close: str) -> list[dict[str, Any]]:
    version = state_of(lake).get("tables", {}).get(table.name, -1)
    if version < 0:
        return []
    order = "place" if table is LEDGER else ", ".join(table.key)
    found = rows(lake, table.name, version, f"settlement_period = '{close}' ORDER BY {order}")
    return list(found.to_pylist())


def _csv(columns: Iterable[str], found: Iterable[Mapping[str, Any]]) -> bytes:
    """RFC 4180 in UTF-8. A text that a spreadsheet would take for a formula is set apart by a quote."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in found:
        writer.writerow([_cell(row[name]) for name in columns])
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
