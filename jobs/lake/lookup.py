"""Looking up a few rows in a long history: newest files first, and of each only the row groups that hold them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.lake.schema import arrow_schema
from jobs.tables import Table

FOUND_IN = "found_in"


def rows_with(
    table: Table, paths: Sequence[Path], wanted: pa.Table, key: str, near: Sequence[str], columns: Sequence[str]
) -> pa.Table:
    """The table's rows whose ``key`` is among those wanted, one each, with these columns (the key among them).

    ``wanted`` has the key and the columns ``near``, which are never null and equal where the key is, and by which rows
    lie together in the files: so they take little room there, and are read first. A row group gives its keys, which
    take much, only if a row lies in it that is wanted by ``near``; and is read at all only if its statistics of the
    first of these do not rule that out. What is found is not looked for any further. The column ``found_in`` names the
    file of each.
    """
    schema = pa.schema([arrow_schema(table).field(name) for name in columns])
    found: list[pa.Table] = []
    for path in paths:
        if not wanted.num_rows:
            break
        keys = wanted.column(key).combine_chunks()
        with pq.ParquetFile(path) as file:
            for group in _groups(file.metadata, near[0], wanted.column(near[0])):
                if _is_near(file.read_row_group(group, list(near)), wanted, near):
                    rows = file.read_row_group(group, list(columns))
                    rows = rows.filter(pc.is_in(rows.column(key), value_set=keys)).cast(schema)
                    found.append(rows.append_column(FOUND_IN, pa.array([str(path)] * rows.num_rows, pa.string())))
        so_far = [rows.column(key).combine_chunks() for rows in found]
        if so_far:
            wanted = wanted.filter(pc.invert(pc.is_in(keys, value_set=pa.concat_arrays(so_far))))
    return pa.concat_tables([schema.append(pa.field(FOUND_IN, pa.string())).empty_table(), *found])


def _groups(footer: pq.FileMetaData, near: str, wanted: pa.ChunkedArray) -> list[int]:
    """The row groups between whose least and greatest value one of those wanted lies."""
    values = np.unique(wanted.to_numpy())
    place = footer.schema.names.index(near)
    chosen = []
    for group in range(footer.num_row_groups):
        ends = footer.row_group(group).column(place).statistics
        if ends is None or not ends.has_min_max:
            chosen.append(group)
            continue
        first, after = np.searchsorted(values, ends.min, "left"), np.searchsorted(values, ends.max, "right")
        if first < after:
            chosen.append(group)
    return chosen


def _is_near(rows: pa.Table, wanted: pa.Table, near: Sequence[str]) -> bool:
    """Whether one of the rows is wanted by all of these columns."""
    for name in near:
        rows = rows.filter(pc.is_in(rows.column(name), value_set=wanted.column(name).combine_chunks()))
    return bool(rows.num_rows) and not _places(rows, near).isdisjoint(_places(wanted, near))


def _places(rows: pa.Table, near: Sequence[str]) -> set[tuple[object, ...]]:
    return set(zip(*(rows.column(name).to_pylist() for name in near), strict=True))
