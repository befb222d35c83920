"""Where the time of freezing a close goes: listens told apart, heard again, looked at by rules, sealed, and checked.

    python -m benchmarks.freezing                        # a month of a million listens, four events each
    python -m benchmarks.freezing --listens 10000000     # ten million: 40 million events, several GB, made once

The lake is made without landing anything, and has what freezing reads. Of one listen in a hundred the last event was
received after the cut-off.
"""

import argparse
import datetime as dt
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.freezing_lake import made
from benchmarks.landings import CACHE
from benchmarks.measuring import watching
from benchmarks.report import RESULTS, table, write_report
from jobs.finance.files import FinanceSet
from jobs.finance.periods import Period
from jobs.lake.store import Item, Result, Store
from jobs.payouts import read_payouts
from jobs.settings import HOUSE, read_settings
from jobs.steps.money import archive
from jobs.steps.money.checking import check_frozen
from jobs.steps.money.close import to_settle
from jobs.steps.money.draft import Close
from jobs.steps.money.listens_frozen import freeze_listens
from jobs.steps.money.sets import SetRead
from jobs.steps.work import Report, Work
from jobs.tables import EPISODES, EVENTS, HOLDS, IMPOSSIBLE_DAYS, LISTEN_SETTLEMENTS, LISTENS

MONTH = Period(2026, 10)
MEBIBYTE = 1024**2
NOW = dt.datetime(2026, 11, 15, tzinfo=dt.UTC)
TASKS = {
    "sift": "listens told apart",
    "rebuild": "all events read, late listens heard again",
    "apply_entry": "rules that hold",
    "seal": "sealed by share of the listeners",
    "rows_found": "checked against what was known",
}
"""What tasks do, by the name of their function."""
SECONDS: defaultdict[str, float] = defaultdict(float)
"""How long those of each took, wall clock."""


class TimedStore(Store):
    """A store that takes down how long tasks take."""

    def spread(self, task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """What the task makes of each item."""
        began = time.monotonic()
        found = super().spread(task, items)
        SECONDS[task.__name__] += time.monotonic() - began
        return found


class TimedWork(Work):
    """Work on such a store."""

    @property
    def store(self) -> Store:
        """The tables."""
        if self._store is None:
            self._store = TimedStore(self.settings.lake, self._open_spark)
        return self._store


def main() -> int:
    """Freezes a month and checks it; prints and writes where the time went."""
    args = _arguments()
    work = opened(made(args.cache / "freezing" / str(args.listens), args.listens))
    work.store.spark.sparkContext.parallelize([0], 1).count()
    with watching(psutil.Process()) as watch:
        began = time.monotonic()
        listens, checks = freeze(work)
        whole_s = time.monotonic() - began
    work.store.spark.stop()
    rows = [[what, f"{SECONDS[name]:.1f}"] for name, what in TASKS.items()]
    rows += [["everything else", f"{whole_s - sum(SECONDS.values()):.1f}"], ["in all", f"{whole_s:.1f}"]]
    page = [
        "# Freezing: what a close is worked out from",
        "",
        f"One month of {listens:,} listens and four times as many events, once, by {checks} checks; peak memory "
        f"{watch.peak_bytes / MEBIBYTE:,.0f} MB. The start of Spark is left out.",
        "",
        *table(["what", "wall s"], rows),
    ]
    print(
        write_report(args.results, "freezing", page, {"listens": listens, "seconds": dict(SECONDS), "all_s": whole_s})
    )
    return 0


def opened(lake: Path) -> TimedWork:
    """Work on that lake, which has all tables that freezing reads."""
    work = TimedWork(read_settings({}, lake=str(lake)), NOW, lambda _: None)
    tables = (LISTENS, EVENTS, EPISODES, IMPOSSIBLE_DAYS, HOLDS, LISTEN_SETTLEMENTS)
    work.store.ensure(tables)
    work.state.left_behind(one.name for one in tables)
    work.store.clear_scratch()
    return work


def freeze(work: Work) -> tuple[int, int]:
    """Freezes the month by the house's rules, and checks it; how many listens, and by how many checks."""
    payouts = read_payouts(HOUSE / "conf" / "payouts.toml")
    runs = to_settle(payouts, FinanceSet(), MONTH, [])
    close = Close(MONTH, payouts, SetRead(0, "", True, {}, []), runs, payouts.calendar.cut_off(MONTH))
    folder = archive.new_draft(work.settings.lake)
    archive.keep_finance(folder, FinanceSet(), {}, {})
    report = Report("freezing", news=True)
    frozen = freeze_listens(work, folder, close, FinanceSet())
    check_frozen(work, report, close, frozen.paths)
    shutil.rmtree(folder)
    return frozen.listens, report.figures["checks"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Where the time of freezing a close goes.")
    add = parser.add_argument
    add("--listens", type=int, default=1_000_000, metavar="N", help="listens of the month (default a million)")
    add("--cache", type=Path, default=CACHE, help="where the lake is kept")
    add("--results", type=Path, default=RESULTS, help="where the report goes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
