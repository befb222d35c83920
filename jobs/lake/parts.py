"""Parquet files that tasks have written, with Arrow or Spark, and what a Delta log has to know of them."""

import datetime as dt
import json
import shutil
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from jobs.lake.schema import arrow_schema
from jobs.tables import Table

GROUP_BYTES = 64_000_000
"""About how much a row group holds, as Arrow has it in memory."""


@dataclass(slots=True)
class Part:
    """One file: its path below the table's folder, its size, and the statistics of the columns to skip by."""

    path: str
    partition: dict[str, str | None] = field(default_factory=dict)
    size_bytes: int = 0
    rows: int = 0
    least: dict[str, Any] = field(default_factory=dict)
    most: dict[str, Any] = field(default_factory=dict)
    nulls: dict[str, int] = field(default_factory=dict)

    def action(self) -> AddAction:
        """The entry of the log that adds it."""
        stats = {"numRecords": self.rows, "minValues": self.least, "maxValues": self.most, "nullCount": self.nulls}
        at_ms = int(time.time() * 1000)
        return AddAction(self.path, self.size_bytes, self.partition, at_ms, True, json.dumps(stats))


def staged(folder: Path, table: Table, staging: Path) -> list[Part]:
    """Moves the files that Spark wrote into ``staging`` to their places in the table's folder; empty ones go."""
    parts = []
    for file in sorted(staging.rglob("*.parquet")):
        footer = pq.read_metadata(file)
        if not footer.num_rows:
            continue
        path = file.relative_to(staging)
        (folder / path.parent).mkdir(exist_ok=True)
        part = Part(path.as_posix(), partition_of(path.as_posix()), file.stat().st_size, footer.num_rows)
        _take_statistics(part, table, footer)
        file.rename(folder / path)
        parts.append(part)
    shutil.rmtree(staging)
    return parts


def partition_of(path: str) -> dict[str, str | None]:
    """The partition that a file's path below its table names; empty for a table without partitions."""
    segments = (segment.split("=", 1) for segment in path.split("/")[:-1])
    return {name: unquote(value) for name, value in segments}


def _take_statistics(part: Part, table: Table, footer: pq.FileMetaData) -> None:
    places = {footer.schema.column(place).path: place for place in range(footer.num_columns)}
    for name in table.skip_by:
        groups = [footer.row_group(group).column(places[name]).statistics for group in range(footer.num_row_groups)]
        if not all(group is not None and group.has_null_count for group in groups):
            continue
        part.nulls[name] = sum(group.null_count for group in groups)
        known = [group for group in groups if group.has_min_max]
        if known and all(group.has_min_max or not group.num_values for group in groups):
            part.least[name] = _plain(min(group.min for group in known))
            part.most[name] = _plain(max(group.max for group in known))


def _plain(value: Any) -> Any:
    """A value as the log's JSON has it."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date) else value


class PartWriter:
    """Writes one file of a table without partitions; nothing is there until the first row is."""

    def __init__(self, folder: Path, table: Table) -> None:
        """A writer into the table's folder."""
        self._folder = folder
        self._table = table
        self._schema = arrow_schema(table)
        self._held: list[pa.RecordBatch] = []
        self._held_bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._part = Part(f"part-{uuid.uuid4()}.zstd.parquet")

    def write(self, rows: pa.RecordBatch) -> None:
        """Adds these rows, which have the table's columns."""
        if not rows.num_rows:
            return
        self._held.append(rows)
        self._held_bytes += rows.nbytes
        self._take_note(rows)
        if self._held_bytes >= GROUP_BYTES:
            self._flush()

    def close(self) -> list[Part]:
        """Ends the file; the part, or nothing where there was no row."""
        self._flush()
        if self._writer is None:
            return []
        self._writer.close()
        self._part.size_bytes = (self._folder / self._part.path).stat().st_size
        return [self._part]

    def _flush(self) -> None:
        if not self._held:
            return
        if self._writer is None:
            path = self._folder / self._part.path
            repeating = [name for name in self._table.column_names if name not in self._table.distinct]
            self._writer = pq.ParquetWriter(
                path, self._schema, compression="zstd", compression_level=1, use_dictionary=repeating
            )
        rows = pa.Table.from_batches(self._held).cast(self._schema)
        self._writer.write_table(rows, row_group_size=rows.num_rows)
        self._held, self._held_bytes = [], 0

    def _take_note(self, rows: pa.RecordBatch) -> None:
        part = self._part
        part.rows += rows.num_rows
        for name in self._table.skip_by:
            column = rows.column(name)
            part.nulls[name] = part.nulls.get(name, 0) + column.null_count
            bounds = pc.min_max(column).as_py()
            if bounds["min"] is not None:
                part.least[name] = min(bounds["min"], part.least.get(name, bounds["min"]))
                part.most[name] = max(bounds["max"], part.most.get(name, bounds["max"]))
