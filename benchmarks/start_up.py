"""What a `podledger` command costs before it has anything to do.

    python -m benchmarks.start_up --repeats 9

On a small published lake: `status`, `show`, a run without news, `--help`, a run with news of a few records, and beside
them what an empty Python program takes. Says of each whether it started Java and whether it wrote to a table.
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
from benchmarks.contestants import COMMAND
from benchmarks.history_landing import History
from benchmarks.landings import CACHE
from benchmarks.measuring import CommandFailedError, Measured, measure
from benchmarks.report import COLOURS, RESULTS, STYLE, table, write_report

MEBIBYTE = 1024**2
DAYS, RECORDS, DEVICES = 3, 1_000, 300


@dataclass
class Asked:
    """One command, asked several times: how each went, and what it did besides answering."""

    what: str
    command: list[str]
    runs: list[Measured] = field(default_factory=list)
    started_java: bool = False
    wrote_tables: bool = False


def main() -> int:
    """Run the benchmark; 0 when every command did what it should."""
    args = _arguments()
    folder = args.cache / "start-up"
    shutil.rmtree(folder, ignore_errors=True)
    landing, lake = folder / "landing", folder / "lake"
    history = History(landing, records=RECORDS, devices=DEVICES)
    places = ["--landing", str(landing), "--lake", str(lake)]
    first = Asked("`podledger run` with news, a few records", [COMMAND, "run", *places])
    asked = [
        Asked("an empty Python program", [sys.executable, "-c", ""]),
        Asked("`podledger --help`", [COMMAND, "--help"]),
        Asked("`podledger status`", [COMMAND, "status", *places]),
        Asked("`podledger show listens`", [COMMAND, "show", "listens", "--lake", str(lake)]),
        Asked("`podledger run` without news", [COMMAND, "run", *places]),
    ]
    try:
        for _ in range(DAYS):
            history.land_day()
            _ask(first, lake)
        for _ in range(args.repeats):
            for one in asked:
                _ask(one, lake)
    except CommandFailedError as error:
        print(f"start-up: {error}", file=sys.stderr)
        return 1
    print(_write([*asked, first], args.repeats, args.results))
    shutil.rmtree(folder)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What a podledger command costs before it works.")
    add = parser.add_argument
    add("--repeats", type=int, default=9, metavar="N", help="runs of each command (default 9)")
    add("--cache", type=Path, default=CACHE, help="where the lake lies meanwhile")
    add("--results", type=Path, default=RESULTS, help="where the report goes")
    return parser.parse_args()


def _ask(asked: Asked, lake: Path) -> None:
    """Run the command once; whether it started Java, and whether a table has new commits."""
    before = _commits(lake)
    asked.runs.append(measure(asked.command))
    asked.started_java |= "java" in asked.runs[-1].programs
    asked.wrote_tables |= _commits(lake) != before


def _commits(lake: Path) -> set[Path]:
    return set(lake.glob("*/*/_delta_log/*.json"))


def _write(asked: Sequence[Asked], repeats: int, folder: Path) -> str:
    rows = []
    for one in asked:
        walls = [run.wall_s for run in one.runs]
        rows.append(
            [
                one.what,
                f"{median(walls):.2f}",
                f"{min(walls):.2f} to {max(walls):.2f}",
                f"{median(run.cpu_s for run in one.runs):.2f}",
                f"{max(run.peak_bytes for run in one.runs) / MEBIBYTE:,.0f}",
                "yes" if one.started_java else "no",
                "yes" if one.wrote_tables else "no",
            ]
        )
    page = [
        "# Start-up: what a command costs before it works",
        "",
        f"Median of {repeats} runs each, by turns; of runs with news {DAYS}, a day of {RECORDS:,} records each.",
        "",
        *table(["command", "wall s", "least to most", "processor s", "peak MB", "Java", "wrote a table"], rows),
    ]
    raw = {one.what: [round(run.wall_s, 3) for run in one.runs] for one in asked}
    return write_report(folder, "start-up", page, {"wall_s": raw}, _picture(asked))


def _picture(asked: Sequence[Asked]) -> Figure:
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 3.2))
        panel = figure.subplots()
        middles = [median(run.wall_s for run in one.runs) for one in asked]
        colours = [COLOURS[1] if one.started_java else COLOURS[0] for one in asked]
        bars = panel.barh([one.what.replace("`", "") for one in asked], middles, color=colours)
        panel.bar_label(bars, [f"{middle:.2f}" for middle in middles], padding=4)
        panel.invert_yaxis()
        panel.margins(x=0.12)
        panel.set_title("seconds of wall clock; orange: starts Java")
        figure.tight_layout(rect=(0, 0.15, 1, 1))
    return figure


if __name__ == "__main__":
    sys.exit(main())
