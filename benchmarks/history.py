"""What a day costs after four days, and after four hundred.

    python -m benchmarks.history
    python -m benchmarks.history --days 30 --check-every 10 --textbook-from 4 20

Lands 20 000 records a day and counts them day after day, in one session that is warm. The listens are compared with
those of the DuckDB script over the whole landing folder now and then, and at the end.

Between the last days, a second lake begins and is counted by turns with the first: so an hour in which the machine
became slower or quicker is no part of what early and late days are said to cost.

What each day cost is written down beside the lake as soon as it is counted, and the report without the textbook before
that begins. A course that was broken off goes on with the day after (``--fresh`` begins anew).
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.agreement import (
    DisagreementError,
    assert_same_listens,
    delta_listens,
    parquet_listens,
    published_listens,
)
from benchmarks.contestants import DUCKDB, TEXTBOOK_WARM
from benchmarks.history_course import Day, Passing, TextbookCourse
from benchmarks.history_kept import Kept, OtherHistoryError, take_up
from benchmarks.history_landing import History
from benchmarks.history_report import spans, write_history
from benchmarks.lake_watch import WatchFailedError
from benchmarks.landings import CACHE
from benchmarks.measuring import CommandFailedError, measure
from benchmarks.report import RESULTS
from benchmarks.warm import WarmSession

SESSION = "benchmarks.history_session:main"
WARM_UP_SEED = 7
WEEK = 7


def main() -> int:
    """Run the benchmark; 0 when every comparison agreed, 1 when one did not or a command failed."""
    args = _arguments()
    folder = args.cache / "history"
    if args.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        names = ("records", "seed", "warm_up", "maintain_every", "audit_every")
        kept = take_up(folder, {name: getattr(args, name) for name in names})
        args.days = max(args.days, len(kept.days))
        _count(args, folder, kept)
        write_history(kept, args.results)
        if [day.day for day in kept.textbook] != _textbook_days(args):
            kept.set_textbook(_count_as_textbook(args, folder, kept.days))
    except (CommandFailedError, DisagreementError, OtherHistoryError, WatchFailedError) as error:
        print(f"history: {error}", file=sys.stderr)
        return 1
    print(write_history(kept, args.results))
    if not args.keep:
        shutil.rmtree(folder)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What a day costs, however long the history behind it.")
    add = parser.add_argument
    add("--days", type=int, default=400, metavar="N", help="how many days (default 400)")
    add("--records", type=int, default=20_000, metavar="N", help="records a day, copies included (default 20000)")
    add("--seed", type=int, default=1, metavar="S", help="same seed, same history (default 1)")
    add("--warm-up", type=int, default=10, metavar="N", help="days of another lake counted before (default 10)")
    add("--maintain-every", type=int, default=1, metavar="N", help="days between maintenance, as scheduled (default 1)")
    add("--audit-every", type=int, default=100, metavar="N", help="days between checks of whole tables, reported apart")
    add("--check-every", type=int, default=100, metavar="N", help="days between comparisons with DuckDB (default 100)")
    add("--textbook-from", type=int, nargs="*", default=[4, 100, 380], metavar="DAY",
        help="days from which the textbook counts a week, loaded up to there before (default 4 100 380)")  # fmt: skip
    add("--cache", type=Path, default=CACHE, help="where landing folder and lakes lie meanwhile")
    add("--results", type=Path, default=RESULTS, help="where the report goes")
    add("--keep", action="store_true", help="leave landing folder and lakes there; more --days later go on with them")
    add("--fresh", action="store_true", help="begin anew, whatever days have been counted")
    return parser.parse_args()


def _count(args: argparse.Namespace, folder: Path, kept: Kept) -> None:
    """Count all days with podledger that have not been counted yet, and those of a young lake between the last."""
    young_days = spans(args.days)[0].stop - 1
    landing, lake, young = folder / "landing", folder / "lake", folder / "young"
    if len(kept.days) < args.days and len(kept.young) >= young_days:
        kept.forget_young()
    if len(kept.days) < args.days or len(kept.young) < young_days:
        with WarmSession(SESSION) as session:
            _warm_up(args, session, folder / "warm-up")
            old = Passing(session, History(landing, args.seed, args.records), len(kept.days), args.maintain_every)
            again = History(young / "landing", args.seed, args.records)
            fresh = Passing(session, again, len(kept.young), args.maintain_every)
            for day in range(1, args.days + 1):
                if day > len(kept.days):
                    kept.add(old.next_day())
                    _say(kept.days[-1])
                    if day % args.audit_every == 0 or day == args.days:
                        kept.add_audit(day, old.course.audit(day))
                    if day % args.check_every == 0 and day < args.days:
                        _compare(landing, published_listens(lake), "podledger", folder / "script")
                while len(kept.young) < day - args.days + young_days:
                    kept.add_young(fresh.next_day())
                    _say(kept.young[-1], "young, ")
    shutil.rmtree(young, ignore_errors=True)
    _compare(landing, published_listens(lake), "podledger", folder / "script")


def _warm_up(args: argparse.Namespace, session: WarmSession, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    passing = Passing(session, History(folder / "landing", WARM_UP_SEED, args.records))
    for _ in range(args.warm_up):
        _say(passing.next_day(), "warm-up, ")
    shutil.rmtree(folder, ignore_errors=True)


def _textbook_starts(args: argparse.Namespace) -> list[int]:
    return [start for start in args.textbook_from if start <= args.days - WEEK]


def _textbook_days(args: argparse.Namespace) -> list[int]:
    return [day for start in _textbook_starts(args) for day in range(start, start + WEEK)]


def _count_as_textbook(args: argparse.Namespace, folder: Path, days: Sequence[Day]) -> list[Day]:
    """Count some weeks as the textbook does, on the landing folder that is there."""
    starts, counted = _textbook_starts(args), list[Day]()
    if not starts:
        return counted
    landing = folder / "landing"
    shutil.rmtree(folder / "textbook", ignore_errors=True)
    with WarmSession(TEXTBOOK_WARM.session) as session:
        _warm_up_textbook(args, session, folder / "warm-up")
        course = TextbookCourse(session, landing, folder / "textbook")
        for start in starts:
            seconds = course.load_until(start - 1)
            print(f"textbook, loaded up to day {start - 1}: {seconds:.1f} s", file=sys.stderr, flush=True)
            for day in range(start, start + WEEK):
                counted.append(course.count_day(days[day - 1].records))
                _say(counted[-1], "textbook, ")
        course.load_until(args.days)
        _compare(landing, delta_listens(course.lake / "listens"), "textbook", folder / "script")
    return counted


def _warm_up_textbook(args: argparse.Namespace, session: WarmSession, folder: Path) -> None:
    history = History(folder / "landing", WARM_UP_SEED, args.records)
    course = TextbookCourse(session, folder / "landing", folder / "lake")
    for _ in range(args.warm_up):
        _say(course.count_day(history.land_day()), "warm-up of the textbook, ")
    shutil.rmtree(folder, ignore_errors=True)


def _compare(landing: Path, listens: pa.Table, whose: str, out: Path) -> None:
    """Compare listens with the script's over all that landed. Raises DisagreementError."""
    measure([*DUCKDB.command, *DUCKDB.arguments(landing, out)])
    assert_same_listens(listens, parquet_listens(out), (whose, "duckdb"))
    shutil.rmtree(out)
    print(f"{listens.num_rows:,} listens of {whose} are those of the script", file=sys.stderr, flush=True)


def _say(day: Day, about: str = "") -> None:
    touched = day.touched
    print(
        f"{about}day {day.day}: {day.records:,} records, {day.seconds:.1f} s (no news {day.no_news_s:.2f} s), "
        f"{touched.read_bytes / 1e6:.0f} MB read, {touched.written_bytes / 1e6:.0f} MB written, files: "
        f"{touched.opened} read, {touched.added} added, {touched.removed} removed; {day.lake_files} in the lake",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
