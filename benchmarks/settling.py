"""Seconds and memory of settling: a month's money over what was heard, beside the same in plain DuckDB.

    python -m benchmarks.settling                          # 10 million listens, and two million payees
    python -m benchmarks.settling --part 50 --repeats 1    # a fiftieth of that, a first look

Each month is frozen once, as a close does; each run is a process of its own. Every amount and every listen of every
run are equal to those of the DuckDB script before any time is printed.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import duckdb
from deltalake import DeltaTable
from matplotlib import rc_context
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.agreement import DisagreementError
from benchmarks.landings import CACHE
from benchmarks.measuring import CommandFailedError, Measured, measure
from benchmarks.report import COLOURS, RESULTS, STYLE, table, write_report
from benchmarks.settling_month import Month, made

MEBIBYTE = 1024**2
HERE = Path(__file__).resolve().parent
PODLEDGER, DUCKDB = "podledger", "duckdb"
AMOUNTS = "show_id, valid_from, payee_id, weight, item_minor, amount_minor, held_minor"
LISTENS = 'listen_id, show_id, valid_from, "class", heard_ms, raw_weight, scaled_weight'


@dataclass
class Settled:
    """A month, how many payees it has, and how the runs of each went."""

    month: Month
    payees: int = 0
    runs: dict[str, list[Measured]] = field(default_factory=lambda: {PODLEDGER: [], DUCKDB: []})

    def wall_s(self, who: str) -> float:
        """Median wall clock, a start of everything included."""
        return median(run.wall_s for run in self.runs[who])

    def own_s(self, who: str) -> float:
        """Median of the seconds of the work alone."""
        return median(float(json.loads(run.stdout.strip().splitlines()[-1])["own_s"]) for run in self.runs[who])

    def peak_bytes(self, who: str) -> int:
        """Greatest peak."""
        return max(run.peak_bytes for run in self.runs[who])


def months(part: int) -> list[Month]:
    """The months of the benchmark, each so many times smaller."""
    heard = (10_000_000 // part, 200_000 // part, 20_000 // part)
    return [
        Month("pro-rata", *heard, payees=3, rule="pro_rata"),
        Month("user-centric", *heard, payees=3, rule="user_centric"),
        Month("two million payees", 1_000_000 // part, 200_000 // part, 20_000 // part, payees=103, rule="pro_rata"),
    ]


def main() -> int:
    """Run the benchmark; 0 when every comparison agreed."""
    args = _arguments()
    settled = [Settled(month) for month in months(args.part)]
    scratch = args.cache / "settling" / "runs"
    try:
        for one in settled:
            folder = made(args.cache, one.month)
            for _ in range(args.repeats):
                shutil.rmtree(scratch, ignore_errors=True)
                for who in (PODLEDGER, DUCKDB):
                    one.runs[who].append(_run(who, folder, one.month, scratch / who))
                one.payees = assert_same(scratch / PODLEDGER, scratch / DUCKDB, one.month.name)
                print(f"{one.month.name}: equal, {one.payees:,} payees", file=sys.stderr, flush=True)
    except (CommandFailedError, DisagreementError) as error:
        print(f"settling: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(write_settling(settled, args.repeats, args.results))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seconds and memory of settling a month.")
    add = parser.add_argument
    add("--part", type=int, default=1, metavar="N", help="an N-th of everything (default 1)")
    add("--repeats", type=int, default=3, metavar="N", help="runs of each (default 3)")
    add("--cache", type=Path, default=CACHE, help="where months are kept")
    add("--results", type=Path, default=RESULTS, help="where the report goes")
    return parser.parse_args()


def _run(who: str, folder: Path, month: Month, out: Path) -> Measured:
    script = HERE / f"settling_{who}.py"
    asked = ["--month", str(folder), "--figures", json.dumps(asdict(month)), "--out", str(out)]
    return measure([sys.executable, str(script), *asked])


def assert_same(lake: Path, script: Path, name: str) -> int:
    """Compare every amount and every listen of two runs; how many payees there are.

    Raises:
        DisagreementError: a row of one is not in the other.
    """
    with duckdb.connect() as sql:
        for what, columns in (("allocations", AMOUNTS), ("listen_settlements", LISTENS)):
            paths = DeltaTable(str(lake / "gold" / what)).file_uris()
            listed = ", ".join(f"'{path}'" for path in paths)
            sql.execute(f"CREATE VIEW ours_{what} AS SELECT {columns} FROM read_parquet([{listed}])")
            sql.execute(f"CREATE VIEW theirs_{what} AS SELECT {columns} FROM '{script / f'{what}.parquet'}'")
            for one, other in (("ours", "theirs"), ("theirs", "ours")):
                query = f"SELECT count(*) FROM (FROM {one}_{what} EXCEPT ALL FROM {other}_{what})"
                ((rows,),) = sql.execute(query).fetchall()
                if rows:
                    raise DisagreementError(f"{name}: {rows:,} rows of {what} are only in {one}")
        ((payees,),) = sql.execute("SELECT count(DISTINCT payee_id) FROM ours_allocations").fetchall()
    return int(payees)


def write_settling(settled: Sequence[Settled], repeats: int, folder: Path) -> str:
    """Write the report; the page."""
    rows = [
        [
            one.month.name,
            f"{one.month.listens:,}",
            f"{one.month.listeners:,}",
            f"{one.month.shows:,}",
            f"{one.payees:,}",
            f"{one.own_s(PODLEDGER):.1f}",
            f"{one.own_s(DUCKDB):.1f}",
            f"{one.own_s(PODLEDGER) / one.own_s(DUCKDB):.2f}",
            f"{one.wall_s(PODLEDGER):.1f}",
            f"{one.wall_s(DUCKDB):.1f}",
            f"{one.peak_bytes(PODLEDGER) / MEBIBYTE:,.0f}",
            f"{one.peak_bytes(DUCKDB) / MEBIBYTE:,.0f}",
        ]
        for one in settled
    ]
    head = [
        "month", "listens", "listeners", "shows", "payees", "podledger s", "DuckDB s", "ratio", "with its start s",
        "DuckDB with its start s", "peak MB", "DuckDB peak MB",
    ]  # fmt: skip
    page = [
        "# Settling: a month's money over what was heard",
        "",
        f"Median of {repeats}, each a process of its own: from frozen listens, splits and fees to committed "
        "allocations and a row for every listen. Beside it the same as one plain DuckDB script, which may use all "
        "memory and keeps no Delta tables. Every amount and every listen was equal before any time was taken down. The "
        "start of podledger is that of Spark.",
        "",
        *table(head, rows),
    ]
    raw = [
        {"month": asdict(one.month), "payees": one.payees, "who": who, "wall_s": round(run.wall_s, 3),
         "cpu_s": round(run.cpu_s, 3), "peak_bytes": run.peak_bytes, "said": run.stdout.strip().splitlines()[-1]}
        for one in settled for who, runs in one.runs.items() for run in runs
    ]  # fmt: skip
    return write_report(folder, "settling", page, raw, _picture(settled))


def _picture(settled: Sequence[Settled]) -> Figure:
    """Seconds of the work alone, and peak memory, side by side."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 3.2))
        seconds, memory = figure.subplots(1, 2)
        for panel, title, value in (
            (seconds, "seconds of the work alone", Settled.own_s),
            (memory, "peak memory, MB", lambda one, who: one.peak_bytes(who) / MEBIBYTE),
        ):
            for place, who in enumerate((PODLEDGER, DUCKDB)):
                rows = [row + place * 0.4 for row in range(len(settled))]
                bars = panel.barh(rows, [value(one, who) for one in settled], 0.36, color=COLOURS[place], label=who)
                panel.bar_label(bars, fmt="{:,.1f}" if panel is seconds else "{:,.0f}", padding=3)
            panel.set_yticks([row + 0.2 for row in range(len(settled))], [one.month.name for one in settled])
            panel.invert_yaxis()
            panel.margins(x=0.2)
            panel.set_title(title)
        memory.set_yticks([])
        figure.legend(*seconds.get_legend_handles_labels(), loc="lower right", ncols=2)
        figure.tight_layout(rect=(0, 0.16, 1, 1))
    return figure


if __name__ == "__main__":
    sys.exit(main())
