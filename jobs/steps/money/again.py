"""A past run worked out again from its archive, in a folder of its own: nothing of the lake changes."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.finance.files import FinanceSet, read_files
from jobs.finance.periods import Period
from jobs.finance.programs import DatedRule
from jobs.finance.sheets import Fault
from jobs.lake.engine import engine
from jobs.lake.store import Store
from jobs.payouts import read_payouts
from jobs.steps.money import archive
from jobs.steps.money.allocating import allocate, campaigns_in
from jobs.steps.money.close import run_of
from jobs.steps.money.draft import Close, tables_of
from jobs.steps.money.runs import Run
from jobs.steps.money.sets import SetRead, contents_in
from jobs.steps.money.shares_of_run import Frozen, ShareOfRuns, name_share
from jobs.steps.shares import Share
from jobs.steps.work import Work
from jobs.tables import ALLOCATIONS, LISTEN_SETTLEMENTS


def work_out_again(work: Work, run: Run, rule: DatedRule | None = None) -> list[Path]:
    """Files of ``gold/allocations`` with what the run comes to by this code; ``rule`` takes the place of its own."""
    store = Store(work.store.scratch / "again", lambda: work.store.spark)
    return work_out(store, work.settings.lake, run, rule)


def work_out(
    store: Store,
    lake: Path,
    run: Run,
    rule: DatedRule | None = None,
    listens: Sequence[Path] | None = None,
    plays: Sequence[Path] | None = None,
) -> list[Path]:
    """The same in the folder of that store; ``listens`` and ``plays`` take the place of those in the archive."""
    close = close_of(lake, run)
    if rule is not None:
        close = replace(close, runs=[replace(close.runs[0], rule=rule)])
    frozen = archive.frozen_in(lake, run.frozen["archive"])
    if listens is not None:
        frozen = replace(frozen, listens=list(listens))
    if plays is not None:
        frozen = replace(frozen, plays=list(plays))
    store.ensure([ALLOCATIONS, LISTEN_SETTLEMENTS])
    store.clear_scratch()
    found = allocate(store, frozen, *tables_of(close, [run.run_id]))
    return [store.folder(ALLOCATIONS) / part.path for part in found.allocations]


def plays_of(lake: Path, run: Run) -> list[dict[str, Any]]:
    """The billable plays that the run divided by: ``campaign_id, show_id, valid_from, listen_day, plays``."""
    with tempfile.TemporaryDirectory(prefix="podledger-plays-") as scratch:
        given = whole_share(lake, Path(scratch), run, archive.frozen_in(lake, run.frozen["archive"]))
        with engine(given.scratch) as sql:
            name_share(sql, given)
            columns = "campaign_id, show_id, valid_from, listen_day"
            found = sql.query(f"SELECT {columns}, plays FROM played ORDER BY {columns}")
    return list(found.to_pylist())


def whole_share(lake: Path, scratch: Path, run: Run, frozen: Frozen) -> ShareOfRuns:
    """The run alone, with all its listeners in one share, by these files."""
    runs, members, pools = tables_of(close_of(lake, run), [run.run_id])
    return ShareOfRuns(lake, scratch, Share(), frozen, runs, members, campaigns_in(pools))


def close_of(lake: Path, run: Run) -> Close:
    """The close that the run was part of, with this run alone, from its archive."""
    folder = lake / run.frozen["archive"]
    payouts = read_payouts(folder / archive.PAYOUTS)
    month = Period.read(run.settlement_period)
    one = run_of(payouts, payouts.programs[run.program], Period.read(run.period), month, _finance_in(folder))
    return Close(month, payouts, SetRead(0, "", True, {}, []), [one], payouts.calendar.cut_off(month))


def _finance_in(folder: Path) -> FinanceSet:
    faults: list[Fault] = []
    finance = read_files(contents_in(folder), faults)
    if faults:
        raise Stop(f"{folder}: this version reads finance files more strictly ({faults[0]})")
    return finance
