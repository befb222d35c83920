"""What leaves the house: statements, a close as CSV and payment files, and a manifest whose totals match the ledger."""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.bank import Account
from jobs.errors import Stop
from jobs.lake.files import write_json
from jobs.published.bank import NOT_IN_FILES, PaymentFiles, control_sum, payment_files
from jobs.published.paper import Press
from jobs.published.payees import payees_of
from jobs.published.reading import rows, state_of
from jobs.tables import EPISODES, LEDGER, PAYMENTS, STATEMENTS, Table
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


@dataclass(frozen=True, slots=True)
class Written:
    """How much was written, by what it is, and what somebody should know of it."""

    figures: dict[str, int]
    notes: list[str]


def write_statements(lake: Path, close: str, out: Path) -> Written:
    """A CSV and a PDF a payee and currency in the folder, ``<payee>.<currency>.csv`` and ``.pdf``.

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
        files[f"{statement['payee_id']}.{statement['currency']}"] = lines
    payees, titles, press = payees_of(lake).now(), _titles(lake), Press()
    notes = []
    for name, lines in files.items():
        pdf, shows_all = press.statement(lines, payees.get(lines[0]["payee_id"], {}), titles)
        _write(out / f"{name}.csv", _csv(STATEMENT_COLUMNS, lines))
        _write(out / f"{name}.pdf", pdf)
        if not shows_all:
            notes.append(f"{name}.pdf: no font here has all its letters; install fonts-noto-cjk and write it again")
    return Written({"files": 2 * len(files), "lines": sum(len(lines) for lines in files.values())}, notes)


def _titles(lake: Path) -> dict[str, str]:
    """Titles of shows, as the newest of their episodes have them."""
    version = state_of(lake).get("tables", {}).get(EPISODES.name, -1)
    if version < 0:
        return {}
    found = rows(
        lake, EPISODES.name, version, "show_title IS NOT NULL", "show_id, show_title, published_ms, episode_id"
    )
    ordered = sorted(found.to_pylist(), key=lambda row: (row["published_ms"] or 0, row["episode_id"]))
    return {row["show_id"]: row["show_title"] for row in ordered}


def write_export(lake: Path, close: str, out: Path, accounts: Mapping[str, Account]) -> Written:
    """The close's postings, payments and statements as CSV, payment files, and ``manifest.json``.

    The manifest has each file's checksum, rows and control totals. ``accounts`` are ours, by currency.

    Raises:
        Stop: nothing was posted with that close, or debits and credits differ; then nothing is written.
    """
    contents = {}
    manifest: dict[str, Any] = {"settlement_period": close, "files": {}}
    paid: list[dict[str, Any]] = []
    for table in (LEDGER, PAYMENTS, STATEMENTS):
        found = _rows_of(lake, table, close)
        if table is LEDGER and not found:
            raise Stop(f"nothing is posted with {close} in {lake}: `podledger post --period {close}` does that")
        paid = found if table is PAYMENTS else paid
        columns = [name for name in table.column_names if name != "lines"]
        name = f"{table.noun}.csv"
        contents[name] = _csv(columns, found)
        manifest["files"][name] = _told(contents[name], len(found), _totals(table, found))
    for currency, sides in manifest["files"]["ledger.csv"]["totals"].items():
        if sides["debit"] != sides["credit"]:
            raise Stop(f"debits and credits of {close} differ in {currency}: {sides}; see docs/runbooks/money.md")
    files = payment_files(paid, accounts, payees_of(lake), close)
    contents |= _add_payment_files(files, manifest)
    for name, content in contents.items():
        _write(out / name, content)
    write_json(out / MANIFEST, manifest)
    figures = {"files": len(contents) + 1, "rows": sum(one["rows"] for one in manifest["files"].values())}
    left = [
        f"{row['payee_id']}: payment {row['end_to_end_id']} is in no file: {row['reason']}" for row in files.left_out
    ]
    return Written(figures | {"payments_left_out": len(left)}, left)


def _add_payment_files(files: PaymentFiles, manifest: dict[str, Any]) -> dict[str, bytes]:
    """The payment files, and a CSV of what is in none of them, each told in the manifest; by name."""
    contents = dict(files.contents)
    for name, content in files.contents.items():
        currency = name.split(".")[2]
        totals = {currency: {"amount_minor": control_sum(content)}}
        manifest["files"][name] = _told(content, content.count(b"<CdtTrfTxInf>"), totals)
    name = "payments_left_out.csv"
    contents[name] = _csv(NOT_IN_FILES, files.left_out)
    left: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"amount_minor": 0})
    for row in files.left_out:
        left[row["currency"]]["amount_minor"] += row["amount_minor"]
    manifest["files"][name] = _told(contents[name], len(files.left_out), dict(sorted(left.items())))
    return contents


def _told(content: bytes, count: int, totals: Mapping[str, Any]) -> dict[str, Any]:
    return {"rows": count, "sha256": hashlib.sha256(content).hexdigest(), "totals": totals}


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
