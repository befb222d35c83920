"""Records a second, from landed files to a published lake, against a plain DuckDB script.

    python -m benchmarks.throughput --sizes 0.3 1 3 --repeats 3

For each size it simulates a landing folder (kept for the next time), lets `podledger run` fill a fresh lake and
`duckdb_script.py` write Parquet from it, by turns, and compares all listens before it prints any time.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.agreement import DisagreementError, assert_expected, assert_same_listens
from benchmarks.measuring import CommandFailedError, Measured, measure
from benchmarks.report import write_report

ROOT = Path(__file__).resolve().parent.parent
PODLEDGER, DUCKDB = "podledger", "duckdb"
CONTESTANTS = (PODLEDGER, DUCKDB)
SEED, DAYS = 1, 7


@dataclass
class Size:
    """One size of the benchmark: what lies there and how each contestant's runs went."""

    records: int
    lines: int
    gzip_bytes: int
    listens: int = 0
    runs: dict[str, list[Measured]] = field(default_factory=lambda: {name: [] for name in CONTESTANTS})


def main() -> int:
    """Run the benchmark; 0 when every count agreed, 1 when one did not or a command failed."""
    args = _arguments()
    sizes = []
    try:
        for millions in args.sizes:
            landing = _landing(args.cache, round(millions * 1_000_000))
            sizes.append(_run_size(landing, args))
    except (CommandFailedError, DisagreementError) as error:
        print(f"throughput: {error}", file=sys.stderr)
        return 1
    print(write_report(sizes, args.repeats, args.results))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Records a second against a plain DuckDB script.")
    add = parser.add_argument
    add("--sizes", type=float, nargs="+", default=[0.3, 1.0, 3.0], metavar="M", help="millions of records")
    add("--repeats", type=int, default=3, metavar="N", help="runs of each contestant (default 3)")
    add("--only", choices=CONTESTANTS, help="run one contestant; nothing is compared but the simulator's tallies")
    add("--cache", type=Path, default=ROOT / "var" / "benchmarks", help="where landing folders are kept")
    add("--results", type=Path, default=ROOT / "benchmarks" / "results", help="where the report goes")
    add("--podledger", type=Path, default=Path(sys.executable).with_name("podledger"), help="the command to measure")
    return parser.parse_args()


def _landing(cache: Path, records: int) -> Path:
    """A simulated platform of about that many records; made once for each version of the simulator."""
    folder = cache / f"simulated-{records}-{_simulator_version()}"
    if not (folder / "summary.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-m", "simulator", "--out", str(folder), "--records", str(records)]
        command += ["--days", str(DAYS), "--seed", str(SEED), "--json"]
        summary = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
        (folder / "summary.json").write_text(summary)
    return folder


def _simulator_version() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOT / "simulator").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _run_size(simulated: Path, args: argparse.Namespace) -> Size:
    summary = json.loads((simulated / "summary.json").read_text())
    size = Size(summary["records"], summary["lines"], summary["bytes"])
    _warm_page_cache(simulated / "landing")
    scratch = args.cache / "runs"
    shutil.rmtree(scratch, ignore_errors=True)
    for repeat, name in _turns(args.repeats, args.only):
        out = scratch / f"{name}-{repeat}"
        print(f"{size.records:,} records, run {repeat + 1} of {args.repeats}: {name}", file=sys.stderr, flush=True)
        size.runs[name].append(measure(_command(name, args.podledger, simulated / "landing", out)))
        if name == DUCKDB:
            assert_expected(out, simulated / "truth")
        if all((scratch / f"{other}-{repeat}").exists() for other in CONTESTANTS):
            size.listens = assert_same_listens(scratch / f"{PODLEDGER}-{repeat}", scratch / f"{DUCKDB}-{repeat}")
            shutil.rmtree(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    return size


def _turns(repeats: int, only: str | None) -> Iterator[tuple[int, str]]:
    """Who runs when: by turns, and each goes first every other time."""
    for repeat in range(repeats):
        order = CONTESTANTS if repeat % 2 == 0 else CONTESTANTS[::-1]
        yield from ((repeat, name) for name in order if only in (None, name))


def _command(name: str, podledger: Path, landing: Path, out: Path) -> list[str]:
    if name == PODLEDGER:
        return [str(podledger), "run", "--landing", str(landing), "--lake", str(out), "--json"]
    script = ROOT / "benchmarks" / "duckdb_script.py"
    return [sys.executable, str(script), "--landing", str(landing), "--out", str(out)]


def _warm_page_cache(landing: Path) -> None:
    for path in landing.rglob("*.gz"):
        path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
