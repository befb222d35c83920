"""Seconds and memory of one run by how much landed: does it grow as the records do?

    python -m benchmarks.size --sizes 1 3 10 30

Each size is one landing folder, counted by `podledger run` on an empty lake, a process of its own. Listens are
compared with those of the DuckDB script up to a size that fits its memory.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from matplotlib import rc_context
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.agreement import DisagreementError, assert_same_listens, parquet_listens, published_listens
from benchmarks.contestants import DUCKDB, PODLEDGER
from benchmarks.landings import CACHE, Simulated, simulated
from benchmarks.measuring import CommandFailedError, Measured, measure
from benchmarks.report import COLOURS, RESULTS, STYLE, table, write_report

MEBIBYTE = 1024**2


@dataclass
class Size:
    """One size: what landed, and how each run of it went."""

    simulated: Simulated
    compared: bool
    runs: list[Measured] = field(default_factory=list)

    @property
    def wall_s(self) -> float:
        """Median wall clock of the runs."""
        return median(run.wall_s for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """Greatest peak of the runs."""
        return max(run.peak_bytes for run in self.runs)


def main() -> int:
    """Run the benchmark; 0 when every comparison agreed, 1 when one did not or a command failed."""
    args = _arguments()
    try:
        sizes = [_run(round(millions * 1_000_000), args) for millions in args.sizes]
    except (CommandFailedError, DisagreementError) as error:
        print(f"size: {error}", file=sys.stderr)
        return 1
    print(write_sizes(sizes, args.repeats, args.results))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seconds and memory of one run by how much landed.")
    add = parser.add_argument
    add("--sizes", type=float, nargs="+", default=[1.0, 3.0, 10.0, 30.0], metavar="M", help="millions of records")
    add("--repeats", type=int, default=1, metavar="N", help="runs of each size (default 1)")
    add("--compare-to", type=float, default=10.0, metavar="M", help="greatest size compared with DuckDB (default 10)")
    add("--cache", type=Path, default=CACHE, help="where landing folders are kept")
    add("--results", type=Path, default=RESULTS, help="where the report goes")
    return parser.parse_args()


def _run(records: int, args: argparse.Namespace) -> Size:
    landed = simulated(args.cache, records)
    size = Size(landed, records <= args.compare_to * 1_000_000)
    landed.warm_page_cache()
    lake, script = args.cache / "runs" / "lake", args.cache / "runs" / "script"
    for _ in range(args.repeats):
        shutil.rmtree(lake.parent, ignore_errors=True)
        size.runs.append(measure([*PODLEDGER.command, *PODLEDGER.arguments(landed.landing, lake)]))
        print(f"{landed.records:,} records: {size.runs[-1].wall_s:.1f} s", file=sys.stderr, flush=True)
    if size.compared:
        measure([*DUCKDB.command, *DUCKDB.arguments(landed.landing, script)])
        assert_same_listens(published_listens(lake), parquet_listens(script), ("podledger", "duckdb"))
    shutil.rmtree(lake.parent, ignore_errors=True)
    return size


def write_sizes(sizes: Sequence[Size], repeats: int, folder: Path) -> str:
    """Write the report; the page."""
    rows = []
    for before, size in zip([None, *sizes], sizes, strict=False):
        growth = ("", "")
        if before is not None:
            growth = (
                f"{size.simulated.records / before.simulated.records:.2f}",
                f"{size.wall_s / before.wall_s:.2f}",
            )
        rows.append(
            [
                f"{size.simulated.records:,}",
                f"{size.simulated.gzip_bytes / 1e6:,.0f}",
                f"{size.wall_s:.1f}",
                f"{size.simulated.records / size.wall_s:,.0f}",
                f"{size.peak_bytes / MEBIBYTE:,.0f}",
                *growth,
                "yes" if size.compared else "no",
            ]
        )
    head = ["records", "gzip MB", "wall s", "records/s", "peak MB", "times records", "times seconds", "compared"]
    page = [
        "# Size: one run of everything that landed",
        "",
        f"Median of {repeats}; *times* are over the size above. *Compared*: all listens equal to the DuckDB script's.",
        "",
        *table(head, rows, left=0),
    ]
    return write_report(folder, "size", page, {"sizes": _raw(sizes)}, _picture(sizes))


def _picture(sizes: Sequence[Size]) -> Figure:
    """Seconds and peak memory over records."""
    millions = [size.simulated.records / 1e6 for size in sizes]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 3.4))
        seconds, memory = figure.subplots(1, 2)
        seconds.plot(millions, [size.wall_s for size in sizes], "o-", color=COLOURS[0])
        seconds.set_title("seconds of wall clock")
        memory.plot(millions, [size.peak_bytes / 1024**3 for size in sizes], "o-", color=COLOURS[1])
        memory.set_title("peak memory, GiB")
        for panel in (seconds, memory):
            panel.set_xlabel("million records")
            panel.set_xlim(left=0)
            panel.set_ylim(bottom=0)
        figure.tight_layout(rect=(0, 0.14, 1, 1))
    return figure


def _raw(sizes: Sequence[Size]) -> list[dict[str, object]]:
    return [
        {
            "records": size.simulated.records,
            "wall_s": round(run.wall_s, 3),
            "cpu_s": round(run.cpu_s, 3),
            "peak_bytes": run.peak_bytes,
            "compared": size.compared,
        }
        for size in sizes
        for run in size.runs
    ]


if __name__ == "__main__":
    sys.exit(main())
