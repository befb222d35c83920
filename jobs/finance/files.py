"""The files under ``<landing>/finance/``: their columns, and their rows read from bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.finance.amounts import MOST_FEE_MINOR, MOST_MINOR
from jobs.finance.cells import (
    BIC_CELL,
    BPS,
    COUNTRY,
    CURRENCY,
    DAY,
    FREE,
    IBAN,
    ID_CELL,
    INSTANT_CELL,
    LISTEN,
    PERIOD,
    TEXT,
    Reader,
    maybe,
    one_of,
    whole,
)
from jobs.finance.sheets import Fault, Line, read_sheet

MOST_SHARES = 10**9
"""The greatest share of a payee; a version's shares add up without limit."""
TIERS = ("started", "audible", "complete")
HOLDS = ("", "tax_form", "identity", "dispute")

COLUMNS: dict[str, dict[str, Reader]] = {
    "payees.csv": {
        "payee_id": ID_CELL,
        "name": TEXT,
        "email": FREE,
        "country": COUNTRY,
        "currency": CURRENCY,
        "iban": maybe(IBAN),
        "bic": maybe(BIC_CELL),
        "min_payout_minor": maybe(whole(0, MOST_MINOR)),
        "withholding_bps": BPS,
        "hold": one_of(*HOLDS),
    },
    "splits.csv": {
        "show_id": TEXT,
        "payee_id": ID_CELL,
        "share": whole(1, MOST_SHARES),
        "valid_from": DAY,
        "valid_to": maybe(DAY),
    },
    "pools.csv": {
        "document_id": ID_CELL,
        "program": ID_CELL,
        "period": PERIOD,
        "currency": CURRENCY,
        "gross_minor": whole(-MOST_MINOR, MOST_MINOR),
        "fee_bps": BPS,
        "holdback_bps": BPS,
    },
    "subscriptions.csv": {
        "program": ID_CELL,
        "period": PERIOD,
        "listener_id": TEXT,
        "fee_minor": whole(0, MOST_FEE_MINOR),
    },
    "campaigns.csv": {
        "campaign_id": ID_CELL,
        "advertiser_id": TEXT,
        "program": ID_CELL,
        "name": TEXT,
        "currency": CURRENCY,
        "cpm_minor": whole(0, MOST_FEE_MINOR),
        "fee_bps": BPS,
        "holdback_bps": BPS,
        "tier": one_of(*TIERS),
        "goal_plays": maybe(whole(0)),
        "starts": DAY,
        "ends": DAY,
        "cap_per_listener": maybe(whole(1)),
        "late_days": whole(0, 400),
    },
    "rates.csv": {
        "date": DAY,
        "from": CURRENCY,
        "to": CURRENCY,
        "numerator": whole(1, MOST_MINOR),
        "denominator": whole(1, MOST_MINOR),
        "source": TEXT,
    },
    "bank_results.csv": {
        "end_to_end_id": TEXT,
        "state": one_of("returned", "cleared"),
        "at": INSTANT_CELL,
        "reason": FREE,
    },
    "decisions.csv": {
        "listen_id": LISTEN,
        "decision": one_of("release", "void"),
        "by": TEXT,
        "at": INSTANT_CELL,
        "reason": TEXT,
    },
}
NEEDED = ("payees.csv", "splits.csv", "pools.csv")
"""Files that are always there; of the others one that is not there has no rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins on, from 1, and its values by column, typed as ``COLUMNS`` says."""

    line: int
    values: Mapping[str, Any]

    def __getitem__(self, column: str) -> Any:
        """The value in that column."""
        return self.values[column]


@dataclass(frozen=True, slots=True)
class FinanceSet:
    """All files of one reading, by name; a file that was not ``given`` has no rows."""

    given: frozenset[str] = frozenset()
    files: dict[str, list[Row]] = field(default_factory=dict)

    def __getitem__(self, file: str) -> list[Row]:
        """The rows of ``<file>.csv``, in its order."""
        return self.files.get(f"{file}.csv", [])


def read_files(contents: Mapping[str, bytes], faults: list[Fault]) -> FinanceSet:
    """The rows of these files, by name; what is wrong with any line, in form or value, is added to ``faults``."""
    for name in contents:
        if name not in COLUMNS:
            faults.append(Fault(name, 0, f"unknown file; there are {', '.join(COLUMNS)}"))
    absent = [name for name in NEEDED if name not in contents]
    faults += (Fault(name, 0, "is missing; a file without rows has its header") for name in absent)
    found = FinanceSet(frozenset(contents))
    for name, readers in COLUMNS.items():
        lines = read_sheet(name, contents[name], list(readers), faults) if name in contents else []
        rows = (_row(name, line, readers, faults) for line in lines)
        found.files[name] = [row for row in rows if row is not None]
    return found


def _row(file: str, line: Line, readers: Mapping[str, Reader], faults: list[Fault]) -> Row | None:
    values = {}
    before = len(faults)
    for column, reader in readers.items():
        try:
            values[column] = reader(line.cells[column])
        except ValueError as error:
            faults.append(Fault(file, line.number, f"{column}: {error}"))
    return Row(line.number, values) if len(faults) == before else None
