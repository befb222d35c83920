"""The result of the throughput benchmark as a page, with the machine and the versions beside it."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Protocol

import psutil

from benchmarks.measuring import Measured

GIBIBYTE = 1024**3
MEBIBYTE = 1024**2
PACKAGES = ("pyspark", "delta-spark", "deltalake", "pyarrow", "duckdb")


class Sized(Protocol):
    """What the report needs to know of one size."""

    records: int
    lines: int
    gzip_bytes: int
    listens: int
    runs: dict[str, list[Measured]]


def write_report(sizes: Sequence[Sized], repeats: int, folder: Path) -> str:
    """Write `throughput.md` and `throughput.json` into a folder; the page."""
    page = "\n".join(
        [
            "# Throughput: landed files to listens",
            "",
            f"Median of {repeats} runs each, by turns; least and greatest wall clock in brackets.",
            _agreement(sizes),
            "",
            *_table(sizes),
            "",
            *_steps(sizes),
            *(f"- {name}: {value}" for name, value in machine().items()),
            "",
        ]
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "throughput.md").write_text(page)
    (folder / "throughput.json").write_text(json.dumps(_raw(sizes), indent=1) + "\n")
    return page


def machine() -> dict[str, str]:
    """What it ran on: processor, memory, versions, and how busy the machine was."""
    described = {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{psutil.virtual_memory().total / GIBIBYTE:.0f} GiB",
        "system": f"{platform.system()}, Python {platform.python_version()}, {_java()}",
        "load in the last 15 minutes": f"{os.getloadavg()[2]:.1f}",
    }
    return described | {name: _version(name) for name in PACKAGES}


def _agreement(sizes: Sequence[Sized]) -> str:
    if all(size.listens for size in sizes):
        return "Every pair of runs gave the same listens, in every column."
    return "One contestant alone: nothing was compared but the script's tallies with the simulator's."


def _table(sizes: Sequence[Sized]) -> list[str]:
    rows = [
        "| records | gzip MB | listens | what | records/s | wall s | processor s | peak MB | times DuckDB's wall |",
        "|--:|--:|--:|---|--:|--:|--:|--:|--:|",
    ]
    for size in sizes:
        walls = {name: median(run.wall_s for run in runs) for name, runs in size.runs.items() if runs}
        for name, wall_s in walls.items():
            runs = size.runs[name]
            least, most = min(run.wall_s for run in runs), max(run.wall_s for run in runs)
            ratio = f"{wall_s / walls['duckdb']:.2f}" if "duckdb" in walls else ""
            rows.append(
                f"| {size.records:,} | {size.gzip_bytes / 1e6:.0f} | {size.listens:,} | {name} "
                f"| {size.records / wall_s:,.0f} | {wall_s:.1f} ({least:.1f} to {most:.1f}) "
                f"| {median(run.cpu_s for run in runs):.1f} "
                f"| {max(run.peak_bytes for run in runs) / MEBIBYTE:,.0f} | {ratio} |"
            )
    return rows


def _steps(sizes: Sequence[Sized]) -> list[str]:
    """Our seconds by step, the median of the runs."""
    measured = [(size.records, steps) for size in sizes if (steps := step_seconds(size.runs["podledger"]))]
    if not measured:
        return []
    names = list(measured[0][1])
    rows = [f"| records | {' | '.join(names)} |", f"|--:|{'--:|' * len(names)}"]
    rows += [
        f"| {records:,} | {' | '.join(f'{steps.get(name, 0):.1f}' for name in names)} |" for records, steps in measured
    ]
    return ["Seconds of `podledger run` by step:", "", *rows, ""]


def step_seconds(runs: Sequence[Measured]) -> dict[str, float]:
    """Median seconds of each step of `podledger run --json`, and of what surrounds the steps."""
    by_step: dict[str, list[float]] = {}
    for run in runs:
        steps = json.loads(run.stdout.strip().splitlines()[-1])["steps"]
        for step in steps:
            by_step.setdefault(step["step"], []).append(step["seconds"])
        by_step.setdefault("start and end", []).append(run.wall_s - sum(step["seconds"] for step in steps))
    return {name: median(seconds) for name, seconds in by_step.items()}


def _raw(sizes: Sequence[Sized]) -> dict[str, object]:
    runs = [
        {
            "records": size.records,
            "lines": size.lines,
            "what": name,
            "wall_s": round(run.wall_s, 3),
            "cpu_s": round(run.cpu_s, 3),
            "peak_bytes": run.peak_bytes,
        }
        for size in sizes
        for name, measured in size.runs.items()
        for run in measured
    ]
    return {"machine": machine(), "runs": runs}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        return "no Java"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return said.splitlines()[0] if said else "Java"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
