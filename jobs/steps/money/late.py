"""Listens that became known after their month was final: counted, reported, and neither paid nor clawed back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from jobs.finance.files import FinanceSet
from jobs.finance.periods import Period
from jobs.finance.programs import Rule
from jobs.lake.parts import Part
from jobs.steps.money.archive import SPLITS
from jobs.steps.money.close import ToSettle
from jobs.steps.money.draft import Close, tables_of
from jobs.steps.money.runs import Run
from jobs.steps.work import Work
from jobs.tables import LISTEN_SETTLEMENTS, LISTENS
from jobs.transforms.settlement.classes import late_listens
from jobs.transforms.settlement.freezing import with_bucket
from jobs.transforms.settlement.weights import of_runs


def report_late(work: Work, close: Close, ids: Sequence[str], finance: FinanceSet, runs: Sequence[Run]) -> list[Part]:
    """New files of ``gold/listen_settlements``: what the final runs of earlier closes did not know.

    They stand under the run that this close settles for their program and its own month, each once. A listen that was
    still being added to at the cut-off is left to the next close. Months in which plays counted settle no listens.
    """
    pairs = zip(close.runs, ids, strict=True)
    of_month = {one.program.name: (one, run_id) for one, run_id in pairs if one.period == close.month}
    finals = [
        run
        for run in runs
        if run.state == "posted" and run.kind == "final" and run.rule != Rule.CPM and run.program in of_month
    ]
    if not finals:
        return []
    asked = [_of_final(of_month[run.program][0], Period.read(run.period)) for run in finals]
    relations = tables_of(replace(close, runs=asked), [of_month[run.program][1] for run in finals])
    months = [one.period for one in asked]
    days = (min(months).first_day, max(months).last_day)
    instant = f"TIMESTAMPTZ '{close.cut_off.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}+00'"
    told = [{"run_id": run.run_id, "program": run.program} for run in runs if run.state == "posted"]
    store = work.store
    with store.engine() as sql:
        sql.files("all_listens", LISTENS, work.files(LISTENS, {"listen_day": days}), f"last_received_at < {instant}")
        sql.files("settled", LISTEN_SETTLEMENTS, work.files(LISTEN_SETTLEMENTS, {"listen_day": days}))
        sql.rows("posted", pa.Table.from_pylist(told))
        sql.rows("runs", relations[0])
        sql.rows("members", relations[1])
        splits = [{name: row[name] for name in SPLITS.names} for row in finance["splits"]]
        sql.rows("splits", pa.Table.from_pylist(splits, SPLITS))
        sql.view("versions", "SELECT DISTINCT show_id, valid_from, valid_to FROM splits")
        late = "SELECT *, 'late' AS standing, NULL::TIMESTAMPTZ AS held_since"
        sql.view("listens", f"{late} FROM ({with_bucket('all_listens')})")
        sql.view("of_runs", of_runs("listens", "runs", "members", "versions"))
        found = late_listens("of_runs", "runs", "settled", "posted", close.payouts.pay_claimed)
        return sql.write(store.folder(LISTEN_SETTLEMENTS), LISTEN_SETTLEMENTS, found)


def _of_final(one: ToSettle, period: Period) -> ToSettle:
    """The program as a run of that month that has nothing to divide."""
    return replace(one, period=period, kind="true_up", money={}, sources={}, documents={}, campaigns=())
