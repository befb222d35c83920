"""Who payees are, as the finance sets have them, without Spark."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.finance.files import read_files
from jobs.finance.sheets import Fault
from jobs.published.reading import rows, state_of
from jobs.tables import FINANCE_FILES, FINANCE_SETS

FILE = "payees.csv"
Payees = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PayeesOfSets:
    """Sets that took effect, newest first: when each was read (UTC), and the checksum of its ``payees.csv``."""

    lake: Path
    version: int
    sets: list[tuple[dt.datetime, str]]

    def now(self) -> Payees:
        """Payees by id as the newest set has them; none before the first."""
        return self._read(self.sets[0][1]) if self.sets else {}

    def at(self, instant: dt.datetime) -> Payees:
        """The same as the set in force at that instant had them."""
        known = [checksum for read_at, checksum in self.sets if read_at <= instant]
        return self._read(known[0]) if known else {}

    def _read(self, checksum: str) -> Payees:
        found = rows(self.lake, FINANCE_FILES.name, self.version, f"checksum = '{checksum}'").to_pylist()
        faults: list[Fault] = []
        finance = read_files({FILE: bytes(found[0]["content"])}, faults)
        wrong = [fault for fault in faults if fault.file == FILE]
        if wrong:
            raise Stop(f"payees were in order when they were read and are not now ({wrong[0]}): read them again")
        return {row["payee_id"]: row.values for row in finance["payees"]}


def payees_of(lake: Path) -> PayeesOfSets:
    """The payees of all sets that took effect."""
    versions = state_of(lake).get("tables", {})
    if versions.get(FINANCE_SETS.name, -1) < 0:
        return PayeesOfSets(lake, -1, [])
    found = rows(lake, FINANCE_SETS.name, versions[FINANCE_SETS.name], "in_force").to_pylist()
    ordered = sorted(found, key=lambda row: int(row["set_no"]), reverse=True)
    sets = [(row["read_at"], dict(row["files"])[FILE]) for row in ordered]
    return PayeesOfSets(lake, versions[FINANCE_FILES.name], sets)
