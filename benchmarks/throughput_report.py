"""The page and the picture of the throughput benchmark."""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Protocol

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.contestants import Contestant
from benchmarks.landings import Simulated
from benchmarks.measuring import Measured
from benchmarks.report import COLOURS, STYLE, table, write_report

MEBIBYTE = 1024**2
YARDSTICK = "duckdb"
HEAD = (
    "what", "records", "runs", "wall s", "least to most", "own s", "records/s", "processor s", "peak MB",
    "times DuckDB's wall",
)  # fmt: skip


class Sized(Protocol):
    """What the report needs to know of one size."""

    simulated: Simulated
    listens: int
    runs: dict[str, list[Measured]]
    warm_up: dict[str, Measured]


def write_throughput(sizes: Sequence[Sized], contestants: Sequence[Contestant], folder: Path) -> str:
    """Write the report of all sizes; the page."""
    page = [
        "# Throughput: landed files to listens",
        "",
        f"Medians of the runs, which went by turns. {_agreement(sizes, contestants)}",
        "",
        *table(HEAD, [row for size in sizes for row in _rows(size, contestants)]),
        "",
        *(f"- {one.name}: {one.about}" for one in contestants),
        *(
            f"- warm-up before {size.simulated.records:,} records: {name} {run.wall_s:.1f} s"
            for size in sizes
            for name, run in size.warm_up.items()
        ),
        *_over_textbook(sizes),
        "",
        *_steps(sizes),
    ]
    return write_report(folder, "throughput", page, {"runs": _raw(sizes)}, _picture(sizes, contestants))


def _agreement(sizes: Sequence[Sized], contestants: Sequence[Contestant]) -> str:
    if len(contestants) == 1:
        return "One contestant alone: nothing was compared but its runs with each other."
    listens = " and ".join(f"{size.listens:,}" for size in sizes)
    return f"Every run found the same {listens} listens, in every column."


def _rows(size: Sized, contestants: Sequence[Contestant]) -> list[list[str]]:
    yardstick_s = _wall(size.runs[YARDSTICK]) if YARDSTICK in size.runs else None
    rows = []
    for one in contestants:
        runs = size.runs[one.name]
        walls = [run.wall_s for run in runs]
        wall_s, records = median(walls), size.simulated.records
        rows.append(
            [
                one.name,
                f"{records:,}",
                str(len(runs)),
                f"{wall_s:.1f}",
                f"{min(walls):.1f} to {max(walls):.1f}",
                f"{median(one.own_s(run.stdout) for run in runs):.1f}",
                f"{records / wall_s:,.0f}",
                f"{median(run.cpu_s for run in runs):.1f}",
                f"{max(run.peak_bytes for run in runs) / MEBIBYTE:,.0f}",
                f"{wall_s / yardstick_s:.2f}" if yardstick_s else "",
            ]
        )
    return rows


def _over_textbook(sizes: Sequence[Sized]) -> list[str]:
    """How many times our wall the textbook's is, cold and warm."""
    return [
        f"- {size.simulated.records:,} records: textbook{heat} takes {_wall(theirs) / _wall(ours):.1f} times as long"
        for size in sizes
        for heat in ("", " warm")
        if (ours := size.runs.get(f"podledger{heat}")) and (theirs := size.runs.get(f"textbook{heat}"))
    ]


def _wall(runs: Sequence[Measured]) -> float:
    return median(run.wall_s for run in runs)


def _steps(sizes: Sequence[Sized]) -> list[str]:
    """Our seconds by step, the median of the runs."""
    measured = [
        (name, size.simulated.records, step_seconds(runs))
        for size in sizes
        for name, runs in size.runs.items()
        if name.startswith("podledger")
    ]
    if not measured:
        return []
    names = list(dict.fromkeys(step for _, _, steps in measured for step in steps))
    rows = [
        [what, f"{records:,}", *(f"{steps.get(name, 0):.1f}" for name in names)] for what, records, steps in measured
    ]
    return ["Seconds of `podledger run` by step:", "", *table(["what", "records", *names], rows)]


def step_seconds(runs: Sequence[Measured]) -> dict[str, float]:
    """Median seconds of each step of `podledger run --json`, and of what surrounds the steps."""
    by_step: dict[str, list[float]] = {}
    for run in runs:
        steps = json.loads(run.stdout.strip().splitlines()[-1])["steps"]
        for step in steps:
            by_step.setdefault(step["step"], []).append(step["seconds"])
        by_step.setdefault("start and end", []).append(run.wall_s - sum(step["seconds"] for step in steps))
    return {name: median(seconds) for name, seconds in by_step.items()}


def _picture(sizes: Sequence[Sized], contestants: Sequence[Contestant]) -> Figure:
    """A bar a contestant, a panel a size: the median, and from least to most."""
    with rc_context(STYLE):
        figure = Figure(figsize=(4.2 * len(sizes) + 1.5, 0.45 * len(contestants) + 1.8))
        panels = figure.subplots(1, len(sizes), squeeze=False)[0]
        names = [one.name for one in contestants]
        for panel, size in zip(panels, sizes, strict=True):
            walls = [[run.wall_s for run in size.runs[name]] for name in names]
            middles = [median(each) for each in walls]
            spans = [[m - min(w) for m, w in zip(middles, walls, strict=True)],
                     [max(w) - m for m, w in zip(middles, walls, strict=True)]]  # fmt: skip
            colours = [COLOURS[0] if name.startswith("podledger") else COLOURS[5] for name in names]
            bars = panel.barh(names, middles, xerr=spans, color=colours, ecolor="#222222", capsize=2)
            panel.bar_label(bars, [f"{middle:.1f}" for middle in middles], padding=6)
            panel.invert_yaxis()
            panel.margins(x=0.18)
            panel.set_title(f"{size.simulated.records:,} records: seconds of wall clock")
        figure.tight_layout(rect=(0, 0.15, 1, 1))
    return figure


def _raw(sizes: Sequence[Sized]) -> list[dict[str, object]]:
    return [
        {
            "records": size.simulated.records,
            "lines": size.simulated.lines,
            "what": name,
            "wall_s": round(run.wall_s, 3),
            "cpu_s": round(run.cpu_s, 3),
            "peak_bytes": run.peak_bytes,
        }
        for size in sizes
        for name, measured in size.runs.items()
        for run in measured
    ]
