"""Arrow tables without pandas: pyarrow loads it where it might be of use, and a command takes 0.4 s longer to start."""

import datetime as dt
from typing import Any

import pyarrow as pa


def table_of(stream: Any) -> pa.Table:
    """The table that any holder of an Arrow C stream gives; :func:`pyarrow.table` asks first whether pandas made it."""
    return pa.RecordBatchReader.from_stream(stream).read_all()


def as_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as plain values, instants as datetimes of UTC; pyarrow asks pandas how to write their time zone."""
    instants = [field for field in table.schema if pa.types.is_timestamp(field.type) and field.type.tz is not None]
    for field in instants:
        at = table.schema.get_field_index(field.name)
        table = table.set_column(at, field.name, table.column(at).cast(pa.timestamp(field.type.unit)))
    rows: list[dict[str, Any]] = table.to_pylist()
    for field in instants:
        for row in rows:
            if row[field.name] is not None:
                row[field.name] = row[field.name].replace(tzinfo=dt.UTC)
    return rows
