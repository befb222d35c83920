"""Arrow tables without pandas: pyarrow loads it where it might be of use, and a command takes 0.4 s longer to start."""

import datetime as dt
from typing import Any

import pyarrow as pa


def table_of(stream: Any) -> pa.Table:
    """The table that any holder of an Arrow C stream gives; :func:`pyarrow.table` asks first whether pandas made it."""
    return pa.RecordBatchReader.from_stream(stream).read_all()


def as_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as plain values, instants as datetimes of UTC; pyarrow asks pandas how to write their time zone."""
    is_instant = [pa.types.is_timestamp(field.type) and field.type.tz is not None for field in table.schema]
    plain = pa.schema(
        [
            field.with_type(pa.timestamp(field.type.unit)) if instant else field
            for field, instant in zip(table.schema, is_instant, strict=True)
        ]
    )
    rows: list[dict[str, Any]] = table.cast(plain).to_pylist()
    for name in (field.name for field, instant in zip(table.schema, is_instant, strict=True) if instant):
        for row in rows:
            if row[name] is not None:
                row[name] = row[name].replace(tzinfo=dt.UTC)
    return rows
