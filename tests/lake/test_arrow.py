"""Rows as plain values are those that pyarrow gives, instants those of UTC."""

import datetime as dt

import pyarrow as pa

from jobs.lake.arrow import as_rows, table_of


def test_rows_are_plain_values() -> None:
    at = dt.datetime(2026, 10, 5, 21, 13, 16, 250_000, dt.UTC)
    table = pa.table(
        {
            "at": pa.array([at, None], pa.timestamp("us", "UTC")),
            "there": pa.array([at, None], pa.timestamp("ms", "Asia/Tokyo")),
            "local": pa.array([at.replace(tzinfo=None), None], pa.timestamp("us")),
            "day": pa.array([at.date(), None], pa.date32()),
            "parts": pa.array([[{"from_ms": 1}], None]),
        }
    )
    nothing = dict.fromkeys(table.column_names)
    plain = {"at": at, "there": at, "local": at.replace(tzinfo=None), "day": at.date(), "parts": [{"from_ms": 1}]}
    assert as_rows(table) == [plain, nothing]
    assert [str(as_rows(table)[0][name].tzinfo) for name in ("at", "there")] == ["UTC", "UTC"]
    assert as_rows(table.slice(2)) == []


def test_a_stream_is_taken_whole() -> None:
    table = pa.table({"number": [1, 2, 3]})
    assert table_of(table.to_reader(max_chunksize=1)).equals(table)
