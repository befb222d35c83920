"""Settle: a month is closed in draft. Its input is frozen, older months are trued up, all of it is worked out."""

import datetime as dt
import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from expectations.gate import make_ready
from jobs.errors import Stop, TryAgain
from jobs.finance.files import FinanceSet
from jobs.finance.periods import Period
from jobs.payouts import read_payouts
from jobs.steps.money import archive
from jobs.steps.money.allocating import Allocated, allocate
from jobs.steps.money.checking import check_draft, check_frozen
from jobs.steps.money.close import ToSettle, to_settle
from jobs.steps.money.comparison import compared
from jobs.steps.money.costs import add_costs, costs_in_words
from jobs.steps.money.draft import Close, draft_notes, figures_of, row_of, tables_of
from jobs.steps.money.late import report_late
from jobs.steps.money.listens_frozen import FrozenListens, decisions_of, freeze_listens
from jobs.steps.money.people import acting
from jobs.steps.money.plays_frozen import check_plays_are_there, freeze_plays
from jobs.steps.money.runs import (
    Run,
    all_runs,
    approvers,
    draft_of,
    drafts,
    overtaken,
    rejected_in_words,
    rejection,
)
from jobs.steps.money.sets import contents_of, finance_of, needed_set
from jobs.steps.work import Report, Step, Work
from jobs.tables import (
    AD_PLAYS,
    ALLOCATIONS,
    EPISODES,
    EVENTS,
    HOLDS,
    IMPOSSIBLE_DAYS,
    LISTEN_SETTLEMENTS,
    LISTENS,
    RULE_COSTS,
    SETTLEMENT_RUNS,
)
from jobs.transforms.settlement.allocation import run_checksums

RUN_ID_DIGITS = 32
NOTHING_ALLOCATED = hashlib.sha256(b"").hexdigest()


def settle_step(close: Period) -> Step:
    """The step that works out the close of this month."""
    return Step(
        "settle",
        reads=(LISTENS, EVENTS, EPISODES, IMPOSSIBLE_DAYS, AD_PLAYS),
        writes=(SETTLEMENT_RUNS, ALLOCATIONS, LISTEN_SETTLEMENTS, HOLDS, RULE_COSTS),
        run=lambda work: _settle(work, close),
        has_news=lambda work: _may_settle(work, close),
        ahead=make_ready,
    )


def _settle(work: Work, month: Period) -> Report:
    payouts = read_payouts(work.settings.payouts_toml)
    finance_set = needed_set(work)
    finance = finance_of(work, finance_set)
    asked = to_settle(payouts, finance, month, all_runs(work))
    if not asked:
        raise Stop(f"no program of conf/payouts.toml has a rule in {month}: there is nothing to settle")
    close = Close(month, payouts, finance_set, asked, payouts.calendar.cut_off(month))
    draft = archive.new_draft(work.settings.lake)
    contents = contents_of(work, finance_set)
    rules = {archive.PAYOUTS: work.settings.payouts_toml, archive.COUNTING: work.settings.counting_toml}
    archive.keep_finance(draft, finance, contents, rules)
    frozen = freeze_listens(work, draft, close, finance)
    plays = freeze_plays(work, draft, close, finance)
    report = Report("settle", news=True)
    check_frozen(work, report, close, frozen.paths)
    name = archive.keep(draft, str(month), _manifest(close, frozen, plays))
    _work_out(work, close, name, frozen, finance, report)
    check_draft(work, report, close, decisions_of(finance))
    return report


def _may_settle(work: Work, month: Period) -> bool:
    payouts = read_payouts(work.settings.payouts_toml)
    cut_off = payouts.calendar.cut_off(month)
    if work.now < cut_off:
        raise Stop(f"{month} is open until its cut-off at {cut_off:%Y-%m-%d %H:%M} UTC: settle it then")
    if LISTENS.name not in work.state.tables or work.state.is_behind("listens"):
        raise TryAgain("listens are behind what landed: `podledger run` brings them up to date, then settle")
    check_plays_are_there(work, to_settle(payouts, finance_of(work, needed_set(work)), month, all_runs(work)))
    return True


def _manifest(close: Close, frozen: FrozenListens, plays: str) -> dict[str, Any]:
    return {
        "settlement_period": str(close.month),
        "cut_off": close.cut_off.isoformat(),
        "finance_set": close.finance_set.set_no,
        "listens": [path.name for path in frozen.paths],
        "checksums": {
            "listens": frozen.checksum,
            "plays": plays,
            "finance": close.finance_set.checksum,
            "conf": close.payouts.checksum,
            "cut_off": close.cut_off.isoformat(),
        },
    }


def _work_out(work: Work, close: Close, name: str, frozen: FrozenListens, finance: FinanceSet, report: Report) -> None:
    code = archive.code_version()
    checksums = archive.manifest_of(work.settings.lake, name)["checksums"]
    ids = [_run_id(one, close, checksums, code) for one in close.runs]
    report.figures |= {"runs": len(ids), "listens": frozen.listens}
    before, month = all_runs(work), str(close.month)
    draft_no = drafts(before, month)
    draft = draft_of(before, month) if draft_no else []
    rejected = rejection(before, draft)
    is_void = rejected is not None or overtaken(before, draft) is not None
    is_new = is_void or sorted(ids) != sorted(run.run_id for run in draft)
    if not is_new:
        report.notes.append(f"{month} was settled from this very input: nothing new; approve or post that run")
    else:
        draft_no += 1
        told = {"draft_no": draft_no, "at": work.now.astimezone(dt.UTC), "by": acting(work)}
        report.figures["held"] = _put_holds(work, close, frozen)
        rows = _rows(work, close, name, ids, report, finance, before)
        draft = [Run(**(row | told)) for row in rows]
        work.store.add_few(SETTLEMENT_RUNS, [asdict(run) for run in draft])
    report.figures |= {"draft": draft_no, "approvals": 0 if is_new else len(approvers(before, draft[0]))}
    if rejected is not None:
        report.notes.append(f"{rejected_in_words(rejected)}; this is draft {draft_no}")
    report.notes += draft_notes(month, draft) + compared(work, close, ids, before) + costs_in_words(work, ids)


def _rows(
    work: Work, close: Close, name: str, ids: list[str], report: Report, finance: FinanceSet, before: list[Run]
) -> list[dict[str, Any]]:
    """The runs' rows, but for which draft they are and who settled them: those that an earlier draft had stand."""
    known = {run.run_id: asdict(run) for run in before if run.run_id in ids and run.state == "settled"}
    new = [(one, run_id) for one, run_id in zip(close.runs, ids, strict=True) if run_id not in known]
    if new:
        asked = replace(close, runs=[one for one, _ in new])
        found = _new_rows(work, asked, name, [run_id for _, run_id in new], report, finance, before)
        known |= {row["run_id"]: row for row in found}
    else:
        report.notes.append(f"{close.month} is settled as in an earlier draft again; approvals start anew")
    return [known[run_id] for run_id in ids]


def _new_rows(
    work: Work,
    close: Close,
    name: str,
    ids: list[str],
    report: Report,
    finance: FinanceSet,
    before: list[Run],
) -> list[dict[str, Any]]:
    """Works the runs out; their rows, but for who settled them. ``name`` is the archive they are worked out from."""
    store, checksums = work.store, archive.manifest_of(work.settings.lake, name)["checksums"]
    found = allocate(store, archive.frozen_in(work.settings.lake, name), *tables_of(close, ids))
    store.add_parts(ALLOCATIONS, found.allocations)
    late = report_late(work, close, ids, finance, before)
    store.add_parts(LISTEN_SETTLEMENTS, [*found.listens, *late])
    report.figures["late"] = sum(part.rows for part in late)
    add_costs(work, found)
    came_to = _checksums(work, found)
    return [
        row_of(close, one, run_id, name, checksums, archive.code_version(), figures_of(one, found, place))
        | {"checksum": came_to.get(run_id, NOTHING_ALLOCATED)}
        for place, (one, run_id) in enumerate(zip(close.runs, ids, strict=True))
    ]


def _run_id(one: ToSettle, close: Close, checksums: dict[str, str], code: str) -> str:
    told = [one.program.name, str(one.period), one.kind, str(close.month), checksums, code, one.config]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:RUN_ID_DIGITS]


def _put_holds(work: Work, close: Close, frozen: FrozenListens) -> int:
    """Puts what this draft is the first to hold in the place of what an earlier draft of the same close did.

    What drafts of later months were the first to hold goes, too: this close may hold it first. They are void by that.
    """
    work.store.remove_where(HOLDS, f"settlement_period >= '{close.month}'")
    until = close.cut_off + dt.timedelta(days=close.payouts.hold_days)
    told = {"since": close.cut_off, "until": until, "settlement_period": str(close.month)}
    rows = [{**row, **told} for row in frozen.new_holds.to_pylist()]
    if rows:
        work.store.add_few(HOLDS, rows)
    return len(rows)


def _checksums(work: Work, found: Allocated) -> dict[str, str]:
    return run_checksums_in(work, [work.settings.lake / ALLOCATIONS.name / part.path for part in found.allocations])


def run_checksums_in(work: Work, paths: list[Path]) -> dict[str, str]:
    """The checksum of each run whose allocations are in these files."""
    with work.store.engine() as sql:
        sql.files("allocations", ALLOCATIONS, paths)
        found = sql.query(run_checksums("allocations")).to_pylist()
    return {row["run_id"]: row["checksum"] for row in found}
