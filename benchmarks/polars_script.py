"""The same job as `podledger run`, as the Polars script a good engineer would write.

    python benchmarks/polars_script.py --landing DIR --out DIR

From landed gzip files to Parquet in one go: a process a core reads and judges the files, as hashing is plain Python's;
the rest is lazy Polars on all cores. Without history, checks or publication.
"""

import argparse
import json
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.polars_counting import device_logs, events, listens
from benchmarks.polars_lines import judge_file

PROCESSES = len(os.sched_getaffinity(0))


def main() -> int:
    """Run the script; prints the seconds of each step as JSON."""
    parser = argparse.ArgumentParser(description="From landed files to Parquet, in Polars.")
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    print(json.dumps(run(args.landing, args.out)))
    return 0


def run(landing: Path, out: Path) -> dict[str, float]:
    """Write batches, events, rejected, device_logs and listens below `out`; seconds by step."""
    seconds, began = dict[str, float](), time.monotonic()

    def step(name: str) -> None:
        nonlocal began
        seconds[name], began = round(time.monotonic() - began, 3), time.monotonic()

    parts = out / "parts"
    parts.mkdir()
    schema = {"episode_id": pl.String, "show_id": pl.String, "creator_id": pl.String, "duration_ms": pl.Int64}
    episodes = pl.read_ndjson(landing / "catalog" / "episodes.ndjson", schema=schema)
    _judge_files(landing, episodes, parts)
    step("judge")
    batches = pl.read_parquet(parts / "batches-*.parquet").unique("line_key", keep="any")
    batches = batches.sort("received_ms", "receipt", "line_key").with_row_index("rank")
    batches.drop("line_no", "rank").write_parquet(out / "batches.parquet")
    refused = pl.scan_parquet(parts / "rejected-*.parquet").unique("key", keep="any")
    received_at = pl.from_epoch("received_ms", time_unit="ms").alias("received_at")
    refused.with_columns(received_at).drop("received_ms").sink_parquet(out / "rejected.parquet")
    step("rest")
    events(pl.scan_parquet(parts / "copies-*.parquet"), batches).sink_parquet(out / "events.parquet")
    step("events")
    counted = pl.scan_parquet(out / "events.parquet")
    listens(counted, episodes).write_parquet(out / "listens.parquet")
    step("listens")
    device_logs(counted).sink_parquet(out / "device_logs.parquet")
    shutil.rmtree(parts)
    step("device logs")
    return seconds


def _judge_files(landing: Path, episodes: pl.DataFrame, parts: Path) -> None:
    files = [
        path
        for path in sorted(landing.glob("sync/*/*/*.ndjson.gz"))
        if not any(part[0] in "._" for part in path.relative_to(landing).parts)
    ]
    os.environ["POLARS_MAX_THREADS"] = "1"  # of each process
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(judge_file, path, no, episodes, parts) for no, path in enumerate(files)]:
            done.result()


if __name__ == "__main__":
    sys.exit(main())
