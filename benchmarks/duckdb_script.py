"""The same job as `podledger run`, as the one-node DuckDB script a good engineer would write.

    python benchmarks/duckdb_script.py --landing DIR --out DIR

From landed gzip files to Parquet in one go, on two threads, without history, checks or publication:
the yardstick of the throughput benchmark.
"""

import argparse
import gzip
import json
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent))
import duckdb_sql as sql
from odd_lines import INTEGERS, STRINGS, read_line

THREADS = 2
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

ENVELOPE = pa.schema(
    [(name, pa.string()) for name in ("line_key", *sql.ENVELOPE_STRINGS, "raw")]
    + [(name, pa.int64()) for name in sql.ENVELOPE_INTEGERS]
    + [(name, pa.bool_()) for name in sql.ENVELOPE_FLAGS]
)
RECORDS = pa.schema(
    [("line_key", pa.string()), ("position", pa.int64()), ("well_typed", pa.bool_()), ("raw", pa.string())]
    + [(name, pa.string()) for name in STRINGS]
    + [(name, pa.int64()) for name in INTEGERS]
)


def main() -> int:
    """Run the script; prints the seconds of each step as JSON."""
    parser = argparse.ArgumentParser(description="From landed files to Parquet, in plain DuckDB.")
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    print(json.dumps(run(args.landing, args.out)))
    return 0


def run(landing: Path, out: Path) -> dict[str, float]:
    """Write batches, events, rejected, device_logs and listens below `out`; seconds by step."""
    connection = duckdb.connect(config={"threads": THREADS, "preserve_insertion_order": False})
    connection.execute("SET TimeZone = 'UTC'")
    places = {"lines": out / "lines.parquet", "catalog": landing / "catalog" / "episodes.ndjson"}
    for name, path in places.items():
        connection.execute(f"SET VARIABLE {name} = '{path}'")
    seconds, began = {}, time.monotonic()
    _read_lines(connection, landing)
    seconds["read"] = time.monotonic() - began
    for step, statements in sql.STEPS.items():
        began = time.monotonic()
        for statement in statements:
            connection.execute(statement)
        seconds[step] = time.monotonic() - began
    began = time.monotonic()
    for table in sql.OUTPUT:
        connection.execute(f"COPY out_{table} TO '{out / table}.parquet' (COMPRESSION zstd)")
    seconds["write"] = time.monotonic() - began
    return {step: round(value, 3) for step, value in seconds.items()}


def _read_lines(connection: duckdb.DuckDBPyConnection, landing: Path) -> None:
    """Read all lines; what DuckDB refuses or might misread goes through plain Python."""
    files = [
        str(path)
        for path in sorted(landing.glob("sync/*/*/*.ndjson.gz"))
        if not any(part[0] in "._" for part in path.relative_to(landing).parts)
    ]
    connection.execute("SET VARIABLE files = $files", {"files": files})
    connection.execute(sql.LINES)
    odd = {
        str(text).encode()
        for (text,) in connection.execute("SELECT raw FROM read_parquet(getvariable('lines')) WHERE odd").fetchall()
    }
    for (path,) in connection.execute("SELECT DISTINCT file_path FROM reject_scans SEMI JOIN reject_errors USING (file_id, scan_id)").fetchall():
        odd.update(_unfit_lines(Path(path)))
    read = [read_line(raw) for raw in odd]
    odd_envelopes = pa.Table.from_pylist([envelope for envelope, _ in read], ENVELOPE)
    odd_records = pa.Table.from_pylist([record for _, records in read for record in records], RECORDS)
    connection.register("odd_envelopes", odd_envelopes)
    connection.register("odd_records", odd_records)


def _unfit_lines(path: Path) -> set[bytes]:
    """The lines of a file that the CSV reader cannot take as one text."""
    text = gzip.decompress(path.read_bytes()).removeprefix(BYTE_ORDER_MARK)
    return {line for line in text.split(b"\n") if line.strip(b" \t\r") and not _is_plain(line)}


def _is_plain(line: bytes) -> bool:
    try:
        return "\x01" not in line.decode()
    except UnicodeDecodeError:
        return False


if __name__ == "__main__":
    sys.exit(main())
