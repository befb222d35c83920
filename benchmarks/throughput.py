"""Seconds from landed files to listens: `podledger run`, cold and warm, against three others on the same files.

    python -m benchmarks.throughput --sizes 3 10 --repeats 5
    python -m benchmarks.throughput --fewer polars=1 textbook=1 textbook-warm=1
    python -m benchmarks.throughput --sizes 0.3 --repeats 1 --contestants podledger-warm duckdb

For each size it simulates a landing folder (kept for the next time) and lets the contestants count it, by turns.
All listens of every run are compared before any time is printed.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.agreement import DisagreementError, assert_expected, assert_same_listens
from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.landings import CACHE, Simulated, simulated
from benchmarks.measuring import CommandFailedError, Measured, measure
from benchmarks.report import RESULTS
from benchmarks.throughput_report import write_throughput
from benchmarks.warm import WarmSession

WARM_UP_RECORDS = 300_000


@dataclass
class Size:
    """One size of the benchmark: what lies there and how each contestant's runs went."""

    simulated: Simulated
    listens: int = 0
    runs: dict[str, list[Measured]] = field(default_factory=dict)
    warm_up: dict[str, Measured] = field(default_factory=dict)


class Course:
    """Lets contestants count one landing folder and compares what they found."""

    def __init__(self, size: Size, scratch: Path) -> None:
        self.size = size
        self._scratch = scratch
        self._sessions: dict[str, WarmSession] = {}
        self._first: tuple[str, pa.Table] | None = None

    def warm_up(self, contestant: Contestant, small: Simulated) -> None:
        """Start the contestant's session, where it has one, and let it count a small folder first."""
        if contestant.session is not None:
            self._sessions[contestant.name] = WarmSession(contestant.session)
            self.size.warm_up[contestant.name] = self._measure(contestant, small)
            shutil.rmtree(self._scratch)

    def run(self, contestant: Contestant) -> None:
        """One measured run, its listens compared with those of the first. Raises DisagreementError."""
        measured = self._measure(contestant, self.size.simulated)
        listens = contestant.listens(self._scratch)
        if contestant.writes_tallies:
            assert_expected(self._scratch, self.size.simulated.truth)
        shutil.rmtree(self._scratch)
        if self._first is None:
            self._first = (contestant.name, listens)
        else:
            assert_same_listens(self._first[1], listens, (self._first[0], contestant.name))
        self.size.listens = listens.num_rows
        self.size.runs.setdefault(contestant.name, []).append(measured)

    def close(self) -> None:
        """End all sessions."""
        for session in self._sessions.values():
            session.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _measure(self, contestant: Contestant, landed: Simulated) -> Measured:
        shutil.rmtree(self._scratch, ignore_errors=True)
        arguments = contestant.arguments(landed.landing, self._scratch)
        if contestant.session is not None:
            return self._sessions[contestant.name].perform(arguments)
        return measure([*contestant.command, *arguments])


def main() -> int:
    """Run the benchmark; 0 when every count agreed, 1 when one did not or a command failed."""
    args = _arguments()
    contestants = [CONTESTANTS[name] for name in args.contestants]
    times = {name: dict(args.fewer).get(name, args.repeats) for name in args.contestants}
    sizes: list[Size] = []
    try:
        small = simulated(args.cache, WARM_UP_RECORDS)
        for millions in args.sizes:
            landed = simulated(args.cache, round(millions * 1_000_000))
            sizes.append(_run_size(landed, small, times, args.cache))
    except (CommandFailedError, DisagreementError) as error:
        print(f"throughput: {error}", file=sys.stderr)
        return 1
    print(write_throughput(sizes, contestants, args.results))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seconds from landed files to listens, against others.")
    add = parser.add_argument
    add("--sizes", type=float, nargs="+", default=[3.0, 10.0], metavar="M", help="millions of records")
    add("--repeats", type=int, default=5, metavar="N", help="runs of each contestant (default 5)")
    add("--fewer", type=_number_of_runs, nargs="+", default=[], metavar="WHO=N", help="how often these run instead")
    add("--contestants", choices=CONTESTANTS, nargs="+", default=list(CONTESTANTS), help="who runs (default: all)")
    add("--cache", type=Path, default=CACHE, help="where landing folders are kept")
    add("--results", type=Path, default=RESULTS, help="where the report goes")
    return parser.parse_args()


def _number_of_runs(given: str) -> tuple[str, int]:
    name, _, times = given.partition("=")
    if name not in CONTESTANTS or not times.isdecimal() or int(times) < 1:
        raise argparse.ArgumentTypeError(f"{given!r}: say it like textbook=1, with a contestant and a number from 1")
    return name, int(times)


def _run_size(landed: Simulated, small: Simulated, times: Mapping[str, int], cache: Path) -> Size:
    size = Size(landed)
    course = Course(size, cache / "runs" / "out")
    landed.warm_page_cache()
    try:
        for name in times:
            course.warm_up(CONTESTANTS[name], small)
        for repeat, name in _turns(times):
            said = f"{landed.records:,} records, run {repeat + 1} of {times[name]}: {name}"
            print(said, file=sys.stderr, flush=True)
            course.run(CONTESTANTS[name])
    finally:
        course.close()
    return size


def _turns(times: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    """Who runs when: by turns, and in the other direction every other time."""
    for repeat in range(max(times.values())):
        names = list(times) if repeat % 2 == 0 else list(times)[::-1]
        yield from ((repeat, name) for name in names if repeat < times[name])


if __name__ == "__main__":
    sys.exit(main())
