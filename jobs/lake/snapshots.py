"""Tables as their logs tell them. A process reads a log once, and then only what commits add to it."""

import functools
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from jobs.lake.arrow import table_of
from jobs.lake.log import newest_version


@dataclass(frozen=True, slots=True)
class _Read:
    """A table whose log was read up to a version, and when the file of that version was written.

    That tells it from another one under its number, of a table that was made anew. ``opened`` is the version from which
    on it was read commit by commit.
    """

    table: DeltaTable
    version: int
    written_at: int
    opened: int


TABLES_KEPT = 64
COMMITS_READ_SINGLY = 20
"""After so many a table is opened anew, from its last checkpoint: what each commit costs grows with those before it."""
_newest: dict[Path, _Read] = {}
"""Those used last come last."""


def version_of(folder: Path) -> int:
    """The table's newest version. Raises FileNotFoundError where there is no table."""
    number = newest_version(folder)
    if number is None:
        raise FileNotFoundError(f"{folder} is no table")
    return number


def newest(folder: Path) -> DeltaTable:
    """The table as it is now.

    A commit made with it is seen by the next call; nobody may hold it across commits of others.
    """
    version = version_of(folder)
    known = _newest.pop(folder, None)  # what fails on the way is not used again
    if known is not None and _leads_to(folder, known, version):
        table, opened = known.table, known.opened
        if table.version() < version:
            table.update_incremental()
    else:
        table, opened = DeltaTable(str(folder), version=version), version
    _newest[folder] = _Read(table, version, _written_at(folder, version), opened)
    if len(_newest) > TABLES_KEPT:
        del _newest[next(iter(_newest))]
    return table


def _leads_to(folder: Path, known: _Read, version: int) -> bool:
    """Whether a few commits lead from what was read to that version."""
    is_same_table = known.written_at == _written_at(folder, known.version)
    return is_same_table and known.version <= version <= known.opened + COMMITS_READ_SINGLY


def files(folder: Path, version: int | None = None) -> pa.Table:
    """The files of that version (now, if None) with their statistics, a row each."""
    number = version_of(folder) if version is None else version
    return _files(folder, number, _written_at(folder, number))


@functools.lru_cache(maxsize=256)
def _files(folder: Path, version: int, written_at: int) -> pa.Table:
    del written_at
    is_newest = version == version_of(folder)
    table = newest(folder) if is_newest else DeltaTable(str(folder), version=version)
    return table_of(table.get_add_actions(flatten=True))


def _written_at(folder: Path, version: int) -> int:
    try:
        return (folder / "_delta_log" / f"{version:020d}.json").stat().st_mtime_ns
    except FileNotFoundError:
        return 0
