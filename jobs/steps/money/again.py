"""A past run worked out again from its archive, in a folder of its own: nothing of the lake changes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jobs.errors import Stop
from jobs.finance.files import FinanceSet, read_files
from jobs.finance.periods import Period
from jobs.finance.programs import DatedRule
from jobs.finance.sheets import Fault
from jobs.lake.store import Store
from jobs.payouts import read_payouts
from jobs.steps.money import archive
from jobs.steps.money.allocating import allocate
from jobs.steps.money.close import run_of
from jobs.steps.money.draft import Close, tables_of
from jobs.steps.money.runs import Run
from jobs.steps.money.sets import SetRead, contents_in
from jobs.steps.work import Work
from jobs.tables import ALLOCATIONS, LISTEN_SETTLEMENTS


def work_out_again(work: Work, run: Run, rule: DatedRule | None = None) -> list[Path]:
    """Files of ``gold/allocations`` with what the run comes to by this code; ``rule`` takes the place of its own."""
    store = Store(work.store.scratch / "again", lambda: work.store.spark)
    return work_out(store, work.settings.lake, run, rule)


def work_out(
    store: Store, lake: Path, run: Run, rule: DatedRule | None = None, listens: Sequence[Path] | None = None
) -> list[Path]:
    """The same in the folder of that store; ``listens`` take the place of those in the archive."""
    name = run.frozen["archive"]
    folder = lake / name
    payouts = read_payouts(folder / archive.PAYOUTS)
    month = Period.read(run.settlement_period)
    one = run_of(payouts, payouts.programs[run.program], Period.read(run.period), month, _finance_in(folder))
    if rule is not None:
        one = replace(one, rule=rule)
    close = Close(month, payouts, SetRead(0, "", True, {}, []), [one], payouts.calendar.cut_off(month))
    frozen = archive.frozen_in(lake, name)
    if listens is not None:
        frozen = replace(frozen, listens=list(listens))
    store.ensure([ALLOCATIONS, LISTEN_SETTLEMENTS])
    store.clear_scratch()
    found = allocate(store, frozen, *tables_of(close, [run.run_id]))
    return [store.folder(ALLOCATIONS) / part.path for part in found.allocations]


def _finance_in(folder: Path) -> FinanceSet:
    faults: list[Fault] = []
    finance = read_files(contents_in(folder), faults)
    if faults:
        raise Stop(f"{folder}: this version reads finance files more strictly ({faults[0]})")
    return finance
