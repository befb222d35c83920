"""Looking up a few rows in a long history: newest files first, and of each only the row groups that hold them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.lake.footers import Bounds, Footer, footer_of
from jobs.lake.schema import arrow_schema
from jobs.tables import Table

FOUND_IN = "found_in"
GROUP = "group"
ROWS_AT_ONCE = 500_000
"""About how many rows of a file are looked through at once."""
Values = np.ndarray[Any, Any]


def rows_with(
    table: Table, paths: Sequence[Path], wanted: pa.Table, key: str, near: Sequence[str], columns: Sequence[str]
) -> pa.Table:
    """The table's rows whose ``key`` is among those wanted, one each, with these columns (the key among them).

    ``wanted`` has the key and the columns ``near``, which are never null and equal where the key is, and by which rows
    lie together in the files: so they take little room there, and are read first. A row group gives its keys, which
    take much, only if a row lies in it that is wanted by ``near``; and is read at all only if its statistics of these
    do not rule that out. What is found is not looked for any further. The column ``found_in`` names the file of each.
    """
    schema = pa.schema([arrow_schema(table).field(name) for name in columns])
    found: list[pa.Table] = []
    for path in paths:
        if not wanted.num_rows:
            break
        footer = footer_of(path, near)
        with pq.ParquetFile(path, metadata=footer.metadata) as file:
            chosen = _groups(footer, wanted, near)
            so_far = [_rows_of(file, groups, wanted, key, near, columns) for groups in chosen]
        if not so_far:
            continue
        rows = pa.concat_tables(so_far).cast(schema)
        found.append(rows.append_column(FOUND_IN, pa.array([str(path)] * rows.num_rows, pa.string())))
        wanted = wanted.filter(pc.invert(_is_among(wanted, rows, key)))
    return pa.concat_tables([schema.append(pa.field(FOUND_IN, pa.string())).empty_table(), *found])


def _rows_of(
    file: pq.ParquetFile,
    groups: Sequence[int],
    wanted: pa.Table,
    key: str,
    near: Sequence[str],
    columns: Sequence[str],
) -> pa.Table:
    """The wanted rows of these row groups."""
    rows = file.read_row_groups(_near(file, groups, wanted, near), list(columns))
    return rows.filter(_is_among(rows, wanted, key))


def _near(file: pq.ParquetFile, groups: Sequence[int], wanted: pa.Table, near: Sequence[str]) -> list[int]:
    """Those of the row groups in which a row lies that is wanted by all of these columns."""
    rows = file.read_row_groups(list(groups), list(near))
    wanted = wanted.select(near).cast(rows.schema)
    held = [file.metadata.row_group(group).num_rows for group in groups]
    rows = rows.append_column(GROUP, pa.array(np.repeat(groups, held)))
    for name in near:
        rows = rows.filter(_is_among(rows, wanted, name))
    found = rows.join(wanted, list(near), join_type="left semi", use_threads=False)
    return sorted(found.column(GROUP).unique().to_pylist())


def _is_among(rows: pa.Table, wanted: pa.Table, name: str) -> pa.ChunkedArray:
    return pc.is_in(rows.column(name), value_set=wanted.column(name).combine_chunks())


def _groups(footer: Footer, wanted: pa.Table, near: Sequence[str]) -> Iterator[list[int]]:
    """The row groups whose least and greatest values leave room for a row that is wanted, some at once."""
    values = [column.to_numpy() for column in wanted.sort_by(near[0]).select(near).columns]
    chosen: list[int] = []
    rows = 0
    for number, bounds in enumerate(footer.bounds):
        if _has_room(values, bounds):
            chosen.append(number)
            rows += footer.metadata.row_group(number).num_rows
        if rows >= ROWS_AT_ONCE:
            yield chosen
            chosen, rows = [], 0
    if chosen:
        yield chosen


def _has_room(values: Sequence[Values], bounds: Sequence[Bounds]) -> bool:
    """Whether a row lies between the least and greatest of every column that has them; rows go by the first column."""
    start, end = 0, len(values[0])
    if (first := bounds[0]) is not None:
        start = int(np.searchsorted(values[0], first[0], "left"))
        end = int(np.searchsorted(values[0], first[1], "right"))
    has_room = np.ones(end - start, bool)
    for column, ends in zip(values[1:], bounds[1:], strict=True):
        if ends is not None:
            has_room &= (column[start:end] >= ends[0]) & (column[start:end] <= ends[1])
    return bool(has_room.any())
