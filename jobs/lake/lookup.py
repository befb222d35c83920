"""Looking up a few rows in a long history: newest files first, and of each only the row groups that may hold them."""

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
    table: Table, paths: Sequence[Path], wanted: pa.Table, key: str, near: str, columns: Sequence[str]
) -> pa.Table:
    """The table's rows whose ``key`` is among those wanted, one each, with these columns (the key among them).

    ``wanted`` has the key and the text column ``near``, by which rows lie together in the files, so that the
    statistics of a row group say whether one of them may be in it. What is found is not looked for any further. The
    column ``found_in`` names the file of each.
    """
    schema = pa.schema([arrow_schema(table).field(name) for name in columns])
    found: list[pa.Table] = []
    for path in paths:
        if not wanted.num_rows:
            break
        with pq.ParquetFile(path) as file:
            groups = _groups(file.metadata, near, np.unique(wanted.column(near).to_numpy(zero_copy_only=False)))
            keys = wanted.column(key).combine_chunks()
            holding = [group for group in groups if _holds(file.read_row_group(group, [key]), key, keys)]
            if not holding:
                continue
            rows = file.read_row_groups(holding, list(columns))
        rows = rows.filter(pc.is_in(rows.column(key), value_set=keys))
        found.append(rows.cast(schema).append_column(FOUND_IN, pa.array([str(path)] * rows.num_rows, pa.string())))
        wanted = wanted.filter(pc.invert(pc.is_in(keys, value_set=rows.column(key).combine_chunks())))
    return pa.concat_tables([schema.append(pa.field(FOUND_IN, pa.string())).empty_table(), *found])


def _groups(footer: pq.FileMetaData, near: str, values: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> list[int]:
    """The row groups between whose least and greatest value one of the sorted values lies."""
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


def _holds(rows: pa.Table, key: str, keys: pa.Array) -> bool:
    return bool(pc.any(pc.is_in(rows.column(key), value_set=keys)).as_py())
