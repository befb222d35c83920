"""What of a Delta table needs no Spark: making it, which files it has, a few rows in or out, going back."""

import datetime as dt
import time
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Field, QueryBuilder, Schema, write_deltalake
from deltalake.transaction import AddAction, RemoveAction

from jobs.lake import snapshots
from jobs.lake.arrow import table_of
from jobs.lake.log import MARK
from jobs.lake.memory import USUAL, Memory
from jobs.lake.parts import Part
from jobs.lake.schema import arrow_schema
from jobs.lake.tiers import HeldFile
from jobs.tables import Table

CHECKPOINT_EVERY = "10"
NOTHING: Mapping[str, int] = {}
Within = Mapping[str, tuple[Any, Any] | Set[Any]]
"""By column, the least and the greatest value in question, both included, or a set of all values in question.

None in the set stands for rows without a value, which are in question nowhere else. Files whose statistics rule these
out hold no row in question.
"""


def create(folder: Path, table: Table, memory: Memory = USUAL) -> None:
    """Makes version 0 of the table, empty, with its schema, comments, constraints and properties."""
    DeltaTable.create(
        str(folder),
        Schema(_fields(table)),
        mode="error",
        description=table.about,
        configuration=_properties(table) | memory.properties(),
        commit_properties=_ours(),
        raise_if_key_not_exists=False,
    )


def add_new_columns(folder: Path, table: Table) -> None:
    """Gives a table of an earlier release the columns that its declaration has gained since; all are nullable."""
    there = set(columns(folder))
    new = [field for field in _fields(table) if field.name not in there]
    if new:
        DeltaTable(str(folder)).alter.add_columns(new, commit_properties=_ours())


def keep_properties(folder: Path, table: Table, memory: Memory) -> None:
    """Gives a table of an earlier release the conditions as they are declared now; none may be new to its rows.

    Its log remembers as told from the next checkpoint on.
    """
    asked = {**memory.properties(), **_constraints(table)}
    there = snapshots.newest(folder)
    if asked.items() - there.metadata().configuration.items():
        there.alter.set_table_properties(asked, raise_if_not_exists=False, commit_properties=_ours())


def columns(folder: Path) -> list[str]:
    """The columns that the table has."""
    return [field.name for field in snapshots.newest(folder).schema().fields]


def append(folder: Path, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Adds these rows, dictionaries by column; meant for as many as fit well into memory."""
    write_deltalake(snapshots.newest(folder), _typed(table, rows), mode="append", commit_properties=_ours())


def replace(folder: Path, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Puts these rows in the place of all."""
    write_deltalake(snapshots.newest(folder), _typed(table, rows), mode="overwrite", commit_properties=_ours())


def commit(
    folder: Path, table: Table, parts: Iterable[Part], gone: Mapping[str, int] = NOTHING, is_change: bool = True
) -> None:
    """Adds files that lie in the folder already, and takes others out (bytes by path), by one commit.

    ``is_change`` is false where the rows are the same as before, only in other files.
    """
    at_ms = int(time.time() * 1000)
    removed = [RemoveAction(path, is_change, at_ms, size, {}) for path, size in gone.items()]
    actions: list[AddAction | RemoveAction] = [*(part.action(is_change) for part in parts), *removed]
    snapshots.newest(folder).create_write_transaction(
        actions, "append", Schema(_fields(table)), None, commit_properties=_ours()
    )


def count(folder: Path, version: int | None = None, within: Within | None = None) -> int:
    """How many rows there are, by the statistics of the files; with ``within``, in the files that may hold such."""
    return int(pc.sum(_added(folder, version, within).column("num_records")).as_py() or 0)


def about_on(folder: Path, version: int | None, column: str, days: Set[dt.date]) -> int:
    """About how many rows there are of these days: as if those of a file lay evenly between its first and last day."""
    held = _added(folder, version, {column: days})
    if f"min.{column}" not in held.column_names:
        return int(pc.sum(held.column("num_records")).as_py() or 0)
    told = zip(
        *(held.column(name).to_pylist() for name in ("num_records", f"min.{column}", f"max.{column}")), strict=True
    )
    return sum(_part_on(days, *one) for one in told)


def _part_on(days: Set[dt.date], rows: int, first: dt.date | None, last: dt.date | None) -> int:
    if first is None or last is None:
        return rows
    return -(-rows * sum(first <= day <= last for day in days) // ((last - first).days + 1))


def remove(folder: Path, condition: str) -> int:
    """Takes out the rows that meet the SQL condition; how many. Without any, the table keeps its version."""
    query = QueryBuilder().register("t", snapshots.newest(folder))
    found = table_of(query.execute(f"select count(*) as rows from t where {condition}"))
    rows = int(found.column("rows")[0].as_py())
    if rows:
        snapshots.newest(folder).delete(condition, commit_properties=_ours())
    return rows


def restore(folder: Path, version: int) -> None:
    """Makes the table as it was at that version, by a commit of its own."""
    DeltaTable(str(folder)).restore(version, commit_properties=_ours())


def held_files(folder: Path, version: int | None = None, within: Within | None = None) -> list[HeldFile]:
    """The table's files at that version (now, if None) that may hold such rows, by path."""
    kept = _added(folder, version, within)
    told = zip(*(kept.column(name).to_pylist() for name in ("path", "size_bytes", "modification_time")), strict=True)
    found = [HeldFile(unquote(path), size_bytes, at_ms) for path, size_bytes, at_ms in told]
    return sorted(found, key=lambda file: file.path)


def newest_first(folder: Path, column: str, version: int | None = None, within: Within | None = None) -> list[str]:
    """The same files, those with the greatest value in that column first."""
    kept = _added(folder, version, within)
    if f"max.{column}" in kept.column_names:
        kept = kept.sort_by([(f"max.{column}", "descending"), ("path", "ascending")])
    return [unquote(path) for path in kept.column("path").to_pylist()]


def _added(folder: Path, version: int | None, within: Within | None) -> pa.Table:
    added = snapshots.files(folder, version)
    for column, asked in (within or {}).items():
        if f"min.{column}" in added.column_names:
            told = (added.column(f"{name}.{column}").to_pylist() for name in ("min", "max", "null_count"))
            added = added.filter(pa.array([_may_hold(asked, *one) for one in zip(*told, strict=True)], pa.bool_()))
    return added


def _may_hold(asked: tuple[Any, Any] | Set[Any], least: Any, most: Any, nulls: int | None) -> bool:
    if least is None or most is None or (None in asked and nulls != 0):
        return True
    if isinstance(asked, tuple):
        return bool(asked[0] <= most and asked[1] >= least)
    return any(value is not None and least <= value <= most for value in asked)


def unneeded(folder: Path, retention_h: int) -> list[Path]:
    """Files in the table's folder that no version of so many hours names, those that no commit ever named included."""
    paths = snapshots.newest(folder).vacuum(retention_h, dry_run=True, enforce_retention_duration=False, full=True)
    return [folder / unquote(path) for path in paths]


def _fields(table: Table) -> list[Field]:
    fields = []
    for column, field in zip(table.columns, arrow_schema(table), strict=True):
        kind = Field.from_arrow(field).type
        fields.append(Field(column.name, kind, nullable=column.nullable, metadata={"comment": column.about}))
    return fields


def _properties(table: Table) -> dict[str, str | None]:
    properties: dict[str, str | None] = {
        "delta.enableDeletionVectors": "false",
        "delta.checkpointInterval": CHECKPOINT_EVERY,
    }
    if table.skip_by:
        properties["delta.dataSkippingStatsColumns"] = ",".join(table.skip_by)
    return properties | _constraints(table)


def _constraints(table: Table) -> dict[str, str]:
    return {f"delta.constraints.{name}": check for name, check in table.constraints.items()}


def _typed(table: Table, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(table))


def _ours() -> CommitProperties:
    return CommitProperties(custom_metadata={"userMetadata": MARK})
