"""Reading a Delta table's log without Spark: which version there is, and who wrote it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jobs.lake.files import read_json

MARK = "podledger"


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of a table's log."""

    version: int
    operation: str
    ours: bool
    removed: int = 0
    """Files whose rows it took out; files that were only written anew are none of them."""


def newest_version(table: Path) -> int | None:
    """The table's newest version; None where there is no table yet.

    Versions are looked for from the last checkpoint on, so that a long history costs no more than a short one.
    """
    log = table / "_delta_log"
    hint = read_json(log / "_last_checkpoint")
    version = int(hint["version"]) if hint else 0
    if hint is None and not (log / f"{version:020d}.json").exists():
        return None
    while (log / f"{version + 1:020d}.json").exists():
        version += 1
    return version


def commits_after(table: Path, version: int) -> Iterator[Commit]:
    """The commits after that version, oldest first; a commit is ours when it carries our mark."""
    newest = newest_version(table)
    for number in range(version + 1, (version if newest is None else newest) + 1):
        yield _commit(table / "_delta_log" / f"{number:020d}.json", number)


def history(table: Path) -> Iterator[Commit]:
    """Every commit whose entry the log still has, oldest first, with what it took out."""
    for entry in sorted((table / "_delta_log").glob("[0-9]*.json")):
        actions = [json.loads(line) for line in entry.read_text(encoding="utf-8").splitlines()]
        gone = sum(1 for action in actions if action.get("remove", {}).get("dataChange"))
        yield replace(_commit(entry, int(entry.stem)), removed=gone)


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
