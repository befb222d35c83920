"""Parquet files that tasks have written, and what a Delta log has to know of them."""

import datetime as dt
import itertools
import json
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from jobs.lake.schema import arrow_schema
from jobs.tables import Table
from jobs.tables.bronze import BUCKETS

HELD_BYTES = 64_000_000
CLUSTERED_BYTES = 256_000_000
"""About how much is held, and how much is put in order at once, as in memory."""
MOST_RANGES = 64


@dataclass(slots=True)
class Part:
    """One file: its path below the table's folder, its size, and the statistics of the columns to skip by.

    ``at_ms`` is how old its rows are, where they are older than the file (Unix ms).
    """

    path: str
    size_bytes: int = 0
    rows: int = 0
    least: dict[str, Any] = field(default_factory=dict)
    most: dict[str, Any] = field(default_factory=dict)
    nulls: dict[str, int] = field(default_factory=dict)
    at_ms: int | None = None

    def action(self, is_change: bool = True) -> AddAction:
        """The entry of the log that adds it; ``is_change`` says whether its rows are new."""
        least, most = ({name: _plain(value) for name, value in ends.items()} for ends in (self.least, self.most))
        stats = {"numRecords": self.rows, "minValues": least, "maxValues": most, "nullCount": self.nulls}
        at_ms = int(time.time() * 1000) if self.at_ms is None else self.at_ms
        return AddAction(self.path, self.size_bytes, {}, at_ms, is_change, json.dumps(stats))


def as_old_as(at_ms: int, parts: list[Part]) -> list[Part]:
    """The same parts, of rows that were there before: as old as the file that held them."""
    for part in parts:
        part.at_ms = at_ms
    return parts


def _plain(value: Any) -> Any:
    """A value as the log's JSON has it."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date) else value


class PartWriter:
    """Writes one file of a table; nothing is there until the first row is.

    Of a clustered table, rows that are held together are put in its order, and make row groups of the size that it
    declares, of which readers can leave out most.
    """

    def __init__(self, folder: Path, table: Table) -> None:
        """A writer into the table's folder."""
        self._folder = folder
        self._table = table
        self._schema = arrow_schema(table)
        self._most_held = CLUSTERED_BYTES if table.cluster_by else HELD_BYTES
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
        if self._held_bytes >= self._most_held:
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
            told = sorted({*self._table.skip_by, *self._table.cluster_by})  # of the rest, footers would be large
            self._writer = pq.ParquetWriter(
                path,
                self._schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=repeating,
                column_encoding=_encodings(self._table, self._schema),
                write_statistics=told,
            )
        rows = pa.Table.from_batches(self._held).cast(self._schema)
        cuts = [0, rows.num_rows]
        if self._table.cluster_by:
            rows = rows.take(_order([rows.column(name) for name in self._table.cluster_by]))
            cuts = _cuts(rows, self._table, self._held_bytes)
        for start, end in itertools.pairwise(cuts):
            self._writer.write_table(rows.slice(start, end - start), row_group_size=end - start)
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


def _encodings(table: Table, schema: pa.Schema) -> dict[str, str]:
    """How columns are written whose values do not repeat.

    Numbers that count up are their differences; texts are all lengths, of which one is like the other, and then nothing
    but characters: an id takes the 32 bytes that its 64 digits say.
    """
    texts = [name for name in table.distinct if _is_text(schema.field(name).type)]
    counting_up = [name for name in table.cluster_by if name in table.distinct and name not in texts]
    return dict.fromkeys(texts, "DELTA_LENGTH_BYTE_ARRAY") | dict.fromkeys(counting_up, "DELTA_BINARY_PACKED")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _order(columns: list[pa.ChunkedArray]) -> pa.Array:
    """Places of the rows in the order of these columns, the first outermost; nulls as zero or as the least text."""
    return pa.array(np.lexsort([_numbers(column) for column in reversed(columns)]))


def _numbers(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    if pa.types.is_string(column.type):
        column = column.combine_chunks().dictionary_encode()
        column = pc.rank(column.dictionary, tiebreaker="dense").take(column.indices)
    elif pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    numbers: np.ndarray[Any, Any] = pc.fill_null(column, 0).to_numpy()
    return numbers


def _cuts(rows: pa.Table, table: Table, held_bytes: int) -> list[int]:
    """Where row groups begin and end.

    Those of a table by bucket are cut where a power of two of equal shares would be, so that a share reads no others,
    and where that leaves too much together, evenly.
    """
    cuts = {0, rows.num_rows}
    if table.cluster_by[0] == "bucket":
        ranges = 1
        while ranges < MOST_RANGES and held_bytes > ranges * table.group_bytes:
            ranges *= 2
        width = BUCKETS // ranges
        buckets = rows.column("bucket").to_numpy()
        cuts.update(int(place) for place in np.searchsorted(buckets, np.arange(width, BUCKETS, width)))
    most_rows = max(1, rows.num_rows * table.group_bytes // max(1, held_bytes))
    for start, end in itertools.pairwise(sorted(cuts)):
        pieces = -(-(end - start) // most_rows)
        cuts.update(start + (end - start) * piece // pieces for piece in range(1, pieces))
    return sorted(cuts)
