"""`podledger simulate`: a landing folder with everything that goes wrong, and its truth."""

import argparse
import datetime as dt
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

from simulator.plan import DEFAULT_DEVICES, Plan, PlanError, make_plan
from simulator.simulation import by_name, simulate

ABOUT = "Make a landing folder of a small platform, and beside it what really happened."

DEFAULT_START = dt.date(2026, 10, 1)
SECONDS_BETWEEN_REPORTS = 2

ODDITIES = (
    "relistens", "reboots", "reinstalls", "clones", "forked_seqs", "impossible_days",
    "retries", "lost_requests", "lost_acknowledgements", "lines_landed_again", "blank_lines",
    "other_dialect_lines", "refused_lines", "refused_records", "duplicate_files",
    "damaged_files", "records_lost_by_reinstall", "records_never_sent",
)  # fmt: skip
"""Names of the tally that say what went wrong."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add("--devices", type=int, metavar="N", help=f"how many devices (default {DEFAULT_DEVICES})")
    add("--days", type=int, default=7, metavar="K", help="how many days (default 7)")
    add("--seed", type=int, default=1, metavar="S", help="same seed, same bytes (default 1)")
    add("--start", type=dt.date.fromisoformat, default=DEFAULT_START, metavar="DATE",
        help=f"first day, UTC (default {DEFAULT_START})")  # fmt: skip
    add("--records", type=int, metavar="N",
        help="about how many records land; sets the devices, or how busy they are")  # fmt: skip
    add("--oddities", type=float, default=1.0, metavar="FACTOR",
        help="how much goes wrong: 0 nothing, 1 the usual (default 1)")  # fmt: skip
    add("--duplicate-files", type=int, default=0, metavar="N", help="land N files twice")
    add("--damaged-files", type=int, default=0, metavar="N", help="land N files cut short, too")
    add("--finance", action="store_true", help="write payees, splits, documents and fees to landing/finance, too")
    add("--frauds", type=int, default=0, metavar="N",
        help="plant N of each fraud, and N of each honest oddity; who they are is in the truth")  # fmt: skip
    add("--processes", type=int, default=_available_cores(), metavar="N",
        help="processes to use; the result is the same (default: all cores)")  # fmt: skip
    add("--force", action="store_true", help="replace a simulation that is there")
    add("--json", action="store_true", help="print the summary as JSON")


def run(args: argparse.Namespace) -> int:
    """Make the simulation; 0 when it is there, 1 with one line on stderr when it is not."""
    began = time.monotonic()
    try:
        plan = make_plan(
            seed=args.seed,
            days=args.days,
            start=args.start,
            devices=args.devices,
            records=args.records,
            oddities=args.oddities,
            duplicate_files=args.duplicate_files,
            damaged_files=args.damaged_files,
            frauds=args.frauds,
            finance=args.finance,
        )
        if args.processes < 1:
            raise PlanError(f"--processes is {args.processes}; give 1 or more")
        _check_out(args.out, args.force)
        tally = simulate(plan, args.out, args.processes, _Progress())
    except (PlanError, OSError) as error:
        print(f"podledger simulate: {error}", file=sys.stderr)
        return 1
    summary = _summary(plan, args.out, tally, time.monotonic() - began)
    print(json.dumps(summary) if args.json else _as_text(summary))
    return 0


def _check_out(out: Path, force: bool) -> None:
    """Raise PlanError unless `out` is free, or holds a simulation that may be replaced."""
    if not out.exists():
        return
    if not out.is_dir():
        raise PlanError(f"{out} is no folder; give another --out")
    if any(out.iterdir()) and not force:
        raise PlanError(f"{out} is not empty; give another --out, or --force to replace its landing and truth")


class _Progress:
    """Says on stderr how far a long simulation is."""

    def __init__(self) -> None:
        self._began = self._said = time.monotonic()

    def __call__(self, done: int, parts: int, records: int) -> None:
        now = time.monotonic()
        if now - self._said < SECONDS_BETWEEN_REPORTS:
            return
        self._said = now
        seconds = now - self._began
        print(
            f"simulate: {done} of {parts} parts, {records:,} records, {seconds:.0f} s",
            file=sys.stderr,
            flush=True,
        )


def _summary(plan: Plan, out: Path, tally: Counter[str], seconds: float) -> dict[str, object]:
    return {
        "out": str(out),
        "devices": plan.devices,
        "days": plan.days,
        "seed": plan.seed,
        "records": tally["records_landed"],
        "events": tally["events"],
        "lines": tally["lines"],
        "files": tally["files"],
        "bytes": tally["bytes"],
        "listens": by_name(tally, "listens:"),
        "device_kinds": by_name(tally, "devices:"),
        "planted": by_name(tally, "planted:"),
        "refused": by_name(tally, "refused:"),
        "oddities": {name: tally[name] for name in ODDITIES},
        "seconds": round(seconds, 2),
    }


def _as_text(summary: dict[str, object]) -> str:
    lines = []
    for name, value in summary.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{key} {count:,}" for key, count in value.items())
        elif isinstance(value, int) and name != "seed":
            shown = f"{value:,}"
        lines.append(f"{name.replace('_', ' '):13} {shown}")
    return "\n".join(lines)


def _available_cores() -> int:
    return len(os.sched_getaffinity(0))
