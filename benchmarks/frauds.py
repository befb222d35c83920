"""What rules against invalid traffic find of planted fraud, and what they would cost the innocent.

    python -m benchmarks.frauds                           # December, 3 000 devices, ten of each fraud
    python -m benchmarks.frauds --devices 320 --sets 1    # a first look

Simulates a month with planted frauds and honest oddities, counts it, settles it by the rules of conf/payouts.toml, and
holds what is held and invalid against who was planted. Ends with 1 when a listen of an honest oddity is invalid.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.contestants import COMMAND
from benchmarks.judging import Found, Oddity, judge
from benchmarks.landings import CACHE
from benchmarks.measuring import CommandFailedError, measure
from benchmarks.report import RESULTS, table, write_report

ROOT = Path(__file__).resolve().parent.parent
PERIOD, START, DAYS, SETTLED = "2026-12", "2026-12-01", 31, "2027-01-09T06:00:00Z"
PLUS = """
[[program]]
name = "plus"
rules = [{ from = 2026-01-01, rule = "user_centric" }]
shows = [{ show_id = "*", from = 2026-01-01 }]
"""
"""The simulator's second program, of what subscribers pay."""


def payouts_with_plus(folder: Path) -> Path:
    """The house's conf/payouts.toml and the program of subscribers."""
    path = folder / "payouts.toml"
    path.write_text((ROOT / "conf" / "payouts.toml").read_text(encoding="utf-8") + PLUS, encoding="utf-8")
    return path


def main() -> int:
    """Run it; 0 when no planted oddity is invalid, 1 when one is or a command failed."""
    args = _arguments()
    folder = args.cache / "frauds"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PODLEDGER_PATHS_PAYOUTS"] = str(payouts_with_plus(folder))
    places = ["--landing", str(folder / "landing"), "--lake", str(folder / "lake")]
    size = ["--devices", str(args.devices), "--days", str(DAYS), "--start", START, "--frauds", str(args.sets)]
    try:
        for command in (
            ["simulate", "--out", str(folder), *size, "--finance", "--force", "--seed", str(args.seed)],
            ["run", *places],
            ["finance", *places, "--now", SETTLED],
            ["settle", "--period", PERIOD, *places, "--now", SETTLED],
        ):
            ran = measure([COMMAND, *command])
            print(f"{command[0]}: {ran.wall_s:.1f} s", file=sys.stderr, flush=True)
    except CommandFailedError as error:
        print(f"frauds: {error}", file=sys.stderr)
        return 1
    found, oddities = judge(folder / "lake", folder / "truth", PERIOD)
    print(write_frauds(found, oddities, args, args.results))
    shutil.rmtree(folder)
    return int(any(one.invalid for one in oddities))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What rules find of planted fraud, and what they cost the innocent.")
    add = parser.add_argument
    add("--devices", type=int, default=3_000, metavar="N", help="devices besides those planted (default 3000)")
    add("--sets", type=int, default=10, metavar="N", help="so many of each fraud and oddity (default 10)")
    add("--seed", type=int, default=1, metavar="S", help="seed of the simulation (default 1)")
    add("--cache", type=Path, default=CACHE, help="where the lake lies meanwhile")
    add("--results", type=Path, default=RESULTS, help="where the report goes")
    return parser.parse_args()


def write_frauds(found: Sequence[Found], oddities: Sequence[Oddity], args: argparse.Namespace, folder: Path) -> str:
    """Write the report; the page."""
    rules = table(
        ["rule", "planted", "found", "precision", "recall", "keeps back", "of it by the innocent"],
        [
            [one.rule, f"{one.planted:,}", f"{one.found:,}", _percent(one.precision), _percent(one.recall),
             f"{one.cost_minor / 100:,.2f}", f"{one.innocent_minor / 100:,.2f}"]
            for one in found
        ],
    )  # fmt: skip
    odd = table(
        ["who", "listens", "invalid", "held by"],
        [
            [one.role, f"{one.listens:,}", one.invalid,
             ", ".join(f"{rule} {listens:,}" for rule, listens in one.held.items()) or "nothing"]
            for one in oddities
        ],
    )  # fmt: skip
    page = [
        "# Invalid traffic: what the rules find, and what they cost the innocent",
        "",
        f"{PERIOD}, {args.devices:,} simulated devices with the usual trouble (seed {args.seed}), {args.sets} of each "
        "planted fraud and of each honest oddity.",
        "",
        "Counted listens. *Precision*: of what a rule found, the part that is fraud of whatever kind; *recall*: of "
        "what was planted for it, the part it found. *Keeps back*: EUR on hold in both programs were it the only rule, "
        "until somebody decides. `impossible_day` and `bot_agent` make listens invalid; all other rules only hold.",
        "",
        *rules,
        "",
        "Honest people who look odd, none of whose listens may be invalid:",
        "",
        *odd,
    ]
    raw = {
        "rules": [
            {name: getattr(one, name) for name in (*Found.__dataclass_fields__, "precision", "recall")} for one in found
        ],
        "oddities": [{name: getattr(one, name) for name in Oddity.__dataclass_fields__} for one in oddities],
    }
    return write_report(folder, "frauds", page, raw)


def _percent(part: float | None) -> str:
    return "–" if part is None else f"{part * 100:.1f} %"


if __name__ == "__main__":
    sys.exit(main())
