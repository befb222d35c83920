"""Parquet files that tasks write with Arrow, and what a Delta log has to know of them."""

import json
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    size_bytes: int = 0
    rows: int = 0
    least: dict[str, Any] = field(default_factory=dict)
    most: dict[str, Any] = field(default_factory=dict)
    nulls: dict[str, int] = field(default_factory=dict)

    def action(self) -> AddAction:
        """The entry of the log that adds it."""
        stats = {"numRecords": self.rows, "minValues": self.least, "maxValues": self.most, "nullCount": self.nulls}
        return AddAction(self.path, self.size_bytes, {}, int(time.time() * 1000), True, json.dumps(stats))


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
            self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", compression_level=1)
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
