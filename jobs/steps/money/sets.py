"""Finance sets that were read, from their tables."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.finance.files import FinanceSet, read_files
from jobs.finance.sheets import Fault
from jobs.lake.landing_files import FINANCE, landing_at
from jobs.published.reading import rows
from jobs.steps.work import Work
from jobs.tables import FINANCE_FILES, FINANCE_SETS


@dataclass(frozen=True, slots=True)
class SetRead:
    """A reading: its number, the checksum of the set, whether it took effect, and each file's checksum."""

    set_no: int
    checksum: str
    in_force: bool
    files: dict[str, str]
    faults: list[Fault]


def sets_read(work: Work) -> list[SetRead]:
    """All readings there were, oldest first."""
    version = work.state.tables.get(FINANCE_SETS.name, -1)
    found = [] if version < 0 else rows(work.settings.lake, FINANCE_SETS.name, version).to_pylist()
    return sorted((_set(row) for row in found), key=lambda one: one.set_no)


def _set(row: Mapping[str, Any]) -> SetRead:
    faults = [Fault(fault["file"], fault["line"], fault["fault"]) for fault in row["faults"]]
    return SetRead(row["set_no"], row["checksum"], row["in_force"], dict(row["files"]), faults)


def set_in_force(work: Work) -> SetRead | None:
    """The newest set that took effect; None before the first."""
    return next((one for one in reversed(sets_read(work)) if one.in_force), None)


def needed_set(work: Work) -> SetRead:
    """The set in force.

    Raises:
        Stop: there is none yet.
    """
    found = set_in_force(work)
    if found is None:
        raise Stop(
            "no finance set is in force yet: `podledger finance` reads one, docs/payouts.md says what belongs there"
        )
    return found


def contents_of(work: Work, one: SetRead) -> dict[str, bytes]:
    """The bytes of its files, by name."""
    wanted = ", ".join(f"'{checksum}'" for checksum in one.files.values())
    version = work.state.tables[FINANCE_FILES.name]
    found = rows(work.settings.lake, FINANCE_FILES.name, version, f"checksum IN ({wanted})").to_pylist()
    by_checksum = {row["checksum"]: bytes(row["content"]) for row in found}
    return {name: by_checksum[checksum] for name, checksum in one.files.items()}


def finance_of(work: Work, one: SetRead) -> FinanceSet:
    """The rows of a set that was read without a fault."""
    faults: list[Fault] = []
    finance = read_files(contents_of(work, one), faults)
    if faults:
        raise Stop(
            f"finance set {one.set_no} was in order when it was read and is not now ({faults[0]}): this version reads "
            "files more strictly; mend the files and read them again with `podledger finance`"
        )
    return finance


def landed_contents(landing: str) -> dict[str, bytes]:
    """The bytes of the CSV files that finance has put down, by name.

    Raises:
        Stop: there are none.
    """
    found = landing_at(landing).finance()
    if not found:
        where = f"{landing}/{FINANCE}"
        raise Stop(
            f"there are no files in {where}: put payees.csv, splits.csv and pools.csv there, see docs/payouts.md"
        )
    return found


def contents_in(folder: Path) -> dict[str, bytes]:
    """The bytes of the CSV files in that folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv")) if not path.name.startswith(".")}


def checksums_of(contents: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file's bytes, by name, in hex."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def checksum_of(files: Mapping[str, str]) -> str:
    """The checksum of a set: over the names and checksums of its files, in the order of names."""
    text = "".join(f"{checksum}  {name}\n" for name, checksum in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()
