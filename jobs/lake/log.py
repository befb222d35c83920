"""Reading a Delta table's log without Spark: which version there is, and who wrote it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARK = "podledger"


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of a table's log."""

    version: int
    operation: str
    ours: bool


def newest_version(table: Path) -> int | None:
    """The table's newest version; None where there is no table yet."""
    versions = [int(entry.stem) for entry in (table / "_delta_log").glob("*.json") if entry.stem.isdigit()]
    return max(versions, default=None)


def commits_after(table: Path, version: int) -> Iterator[Commit]:
    """The commits after that version, oldest first; a commit is ours when it carries our mark."""
    newest = newest_version(table)
    for number in range(version + 1, (version if newest is None else newest) + 1):
        yield _commit(table / "_delta_log" / f"{number:020d}.json", number)


def _commit(entry: Path, number: int) -> Commit:
    info: dict[str, Any] = {}
    with entry.open(encoding="utf-8") as lines:
        for line in lines:
            action = json.loads(line)
            if "commitInfo" in action:
                info = action["commitInfo"]
                break
    mark = str(info.get("userMetadata", ""))
    return Commit(number, str(info.get("operation", "unknown")), mark.startswith(MARK))
