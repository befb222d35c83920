"""Post: an approved close goes into the ledger; what differs from what was posted before is an adjustment."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from expectations.gate import make_ready
from jobs.errors import Stop
from jobs.finance.amounts import in_words
from jobs.finance.judging_pools import UNDISTRIBUTED
from jobs.finance.periods import Period
from jobs.payouts import read_payouts
from jobs.steps.money.assigning import assignments
from jobs.steps.money.checking import check_money
from jobs.steps.money.derived import derive
from jobs.steps.money.ledger import append, entry, posting
from jobs.steps.money.people import acting
from jobs.steps.money.runs import Run, all_runs, approvers, check_not_rejected, draft_of, posted_runs, settlers
from jobs.steps.money.unchanged import check_unchanged
from jobs.steps.work import Report, Step, Work
from jobs.tables import ALLOCATIONS, BALANCES, LEDGER, SETTLEMENT_RUNS, STATEMENTS
from jobs.transforms.settlement.ledger import differences, signed, targets


def post_step(close: Period) -> Step:
    """The step that posts the newest draft of the close."""
    return Step(
        "post",
        reads=(ALLOCATIONS,),
        ahead=make_ready,
        writes=(LEDGER, SETTLEMENT_RUNS, BALANCES, STATEMENTS),
        run=lambda work: _post(work, str(close)),
        has_news=lambda work: bool(_to_post(work, str(close))),
    )


def _to_post(work: Work, close: str) -> list[Run]:
    """The newest draft; nothing when it is posted.

    Raises:
        Stop: another draft is posted, this one is rejected, not approved, or void.
    """
    runs = all_runs(work)
    draft = draft_of(runs, close)
    posted = {run.run_id for run in runs if run.state == "posted" and run.settlement_period == close}
    if posted and not {run.run_id for run in draft} <= posted:
        raise Stop(f"{close} is posted by another run: it is closed, see `podledger why`")
    if posted:
        return []
    check_not_rejected(runs, draft)
    _check_approved(work, close, runs, draft)
    check_unchanged(work, close, draft)
    return draft


def _post(work: Work, close: str) -> Report:
    runs = all_runs(work)
    draft = _to_post(work, close)
    entries = [row for run, rows in _postings(work, draft) for row in _entry(run, rows, runs)]
    entries += assignments(work, close, _finals(runs, draft), entries)
    _check_given_out(work, entries)
    posted = append(work, entries)
    at = work.now.astimezone(dt.UTC)
    who = acting(work)
    work.store.add_few(SETTLEMENT_RUNS, [{**asdict(run), "state": "posted", "at": at, "by": who} for run in draft])
    closes = {run.settlement_period for run in runs if run.state == "posted"}
    derive(work, closes | {close})
    report = Report("post", news=True, figures={"runs": len(draft), "postings": posted})
    check_money(work, report)
    return report


def _check_given_out(work: Work, entries: Sequence[dict[str, Any]]) -> None:
    """Whether documents give out no more than what stayed undistributed."""
    with work.store.engine() as sql:
        sql.files("posted", LEDGER, work.files(LEDGER))
        known = "SELECT account, currency, side, amount_minor FROM posted"
        names = ("account", "currency", "side")
        sql.rows("new", _relation(entries, names, ("amount_minor",)))
        sql.view("ledger", f"{known} UNION ALL SELECT account, currency, side, amount_minor FROM new")
        held = f"SELECT account, currency, sum({signed()}) AS balance FROM ledger GROUP BY ALL"
        found = sql.query(f"FROM ({held}) WHERE starts_with(account, '{UNDISTRIBUTED}') AND balance < 0").to_pylist()
    if found:
        more = in_words(-int(found[0]["balance"]), found[0]["currency"])
        raise Stop(f"documents give out {more} more than {found[0]['account']} holds: lower them, and settle again")


def _finals(runs: Sequence[Run], draft: Sequence[Run]) -> list[tuple[str, str]]:
    """Programs and months that are final, with those that this close makes so."""
    posted = [run for run in runs if run.state == "posted"]
    return sorted({(run.program, run.period) for run in (*posted, *draft) if run.kind == "final"})


def _check_approved(work: Work, close: str, runs: Sequence[Run], draft: Sequence[Run]) -> None:
    wanted = read_payouts(work.settings.payouts_toml).approvals
    for run in draft:
        by = [who for who in approvers(runs, run) if who not in settlers(runs, run)]
        if len(by) < wanted:
            named = f" (so far {', '.join(by)})" if by else ""
            raise Stop(
                f"{close} has {len(by)} of {wanted} approvals{named}: `podledger approve --period {close}`, each by "
                "somebody else than who settled it"
            )


def _postings(work: Work, draft: Sequence[Run]) -> list[tuple[Run, list[dict[str, Any]]]]:
    """What each run changes, by account, amounts signed."""
    store = work.store
    told = [{"run_id": run.run_id, "program": run.program, "period": run.period} for run in draft]
    finals = {run.run_id for run in draft if run.kind == "final"}
    listed = ", ".join(f"'{run.run_id}'" for run in draft)
    figures = [{"run_id": run.run_id, **pool} for run in draft for pool in run.money]
    sources = [
        {"run_id": one["run_id"], "currency": one["currency"], "source": source, "gross_minor": gross}
        for one in figures
        for source, gross in one["sources"].items()
    ]
    amounts = ("fee_minor", "holdback_minor", "waiting_minor")
    with store.engine() as sql:
        sql.files("allocations", ALLOCATIONS, work.files(ALLOCATIONS), f"run_id IN ({listed})")
        sql.files("ledger", LEDGER, work.files(LEDGER))
        sql.rows("runs", pa.Table.from_pylist([{**one, "is_final": one["run_id"] in finals} for one in told]))
        sql.rows("figures", _relation(figures, ("run_id", "currency"), amounts))
        sql.rows("sources", _relation(sources, ("run_id", "currency", "source"), ("gross_minor",)))
        sql.view("targets", targets("runs", "figures", "sources", "allocations"))
        found = sql.query(differences("runs", "targets", "ledger")).to_pylist()
    return [(run, [row for row in found if row["run_id"] == run.run_id]) for run in draft]


def _relation(rows: Sequence[dict[str, Any]], texts: Sequence[str], amounts: Sequence[str]) -> pa.Table:
    fields = [(name, pa.string()) for name in texts] + [(name, pa.int64()) for name in amounts]
    return pa.Table.from_pylist([{name: row[name] for name, _ in fields} for row in rows], pa.schema(fields))


def _entry(run: Run, rows: Sequence[dict[str, Any]], runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The run's entry; an adjustment names the first entry of its period."""
    earlier = [one for one in posted_runs(runs, run.program) if one.period == run.period]
    kind = "adjustment" if earlier else "accrual"
    first = f"accrual:{earlier[0].run_id}" if earlier else None
    told = {"program": run.program, "period": run.period, "run_id": run.run_id, "corrects_entry_id": first}
    postings = [
        posting(
            row["account"], int(row["amount_minor"]), row["currency"],
            payee_id=row["payee_id"], show_id=row["show_id"], **told,
        )
        for row in rows
    ]  # fmt: skip
    return entry(f"{kind}:{run.run_id}", kind, run.settlement_period, postings)
