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
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks import duckdb_sql as sql
from benchmarks.odd_lines import read_line

THREADS = 2
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
    places = {
        "lines": out / "lines.parquet",
        "catalog": landing / "catalog" / "episodes.ndjson",
        "odd_envelopes": out / "odd_envelopes.ndjson",
        "odd_records": out / "odd_records.ndjson",
    }
    for name, path in places.items():
        connection.execute(f"SET VARIABLE {name} = '{path}'")
    seconds, began = {}, time.monotonic()
    _read_lines(connection, landing, out)
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


def _read_lines(connection: duckdb.DuckDBPyConnection, landing: Path, out: Path) -> None:
    """Read all lines; what DuckDB refuses or might misread goes through plain Python."""
    files = [
        str(path)
        for path in sorted(landing.glob("sync/*/*/*.ndjson.gz"))
        if not any(part[0] in "._" for part in path.relative_to(landing).parts)
    ]
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
    connection.execute(f"SET VARIABLE files = [{listed}]")
    connection.execute(sql.LINES)
    odd = {str(text).encode() for (text,) in connection.execute(sql.ODD_LINES).fetchall()}
    for (path,) in connection.execute(sql.REFUSED_FILES).fetchall():
        odd.update(_unfit_lines(Path(path)))
    read = [read_line(raw, -number) for number, raw in enumerate(sorted(odd), start=1)]
    _write_rows(out / "odd_envelopes.ndjson", [envelope for envelope, _ in read])
    _write_rows(out / "odd_records.ndjson", [record for _, records in read for record in records])


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


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
