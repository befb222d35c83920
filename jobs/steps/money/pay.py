"""Pay: instructions from posted balances; what comes back from the bank is taken back first."""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from jobs.errors import Stop
from jobs.finance.files import FinanceSet
from jobs.finance.paying import Instruction, instruction
from jobs.finance.periods import Period
from jobs.payouts import read_payouts
from jobs.published.reading import rows
from jobs.steps.money.checking import check_money
from jobs.steps.money.derived import derive
from jobs.steps.money.ledger import append, entry, posting
from jobs.steps.money.payments import Payment, all_payments, has_returned, results
from jobs.steps.money.people import acting
from jobs.steps.money.runs import all_runs
from jobs.steps.money.sets import finance_of, needed_set
from jobs.steps.work import Report, Step, Work
from jobs.tables import BALANCES, LEDGER, PAYMENTS, STATEMENTS

PAYABLE = "payable:"


def pay_step(close: Period) -> Step:
    """The step that pays what is posted with this close."""
    return Step(
        "pay",
        reads=(),
        writes=(LEDGER, PAYMENTS, BALANCES, STATEMENTS),
        run=lambda work: _pay(work, str(close)),
        has_news=lambda work: _plan(work, str(close)).is_news,
    )


@dataclass(slots=True)
class Plan:
    """Entries to post, as lists of postings, rows of payments to write down, and what they must come to at least."""

    entries: list[list[dict[str, Any]]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)
    minimums: dict[str, int] = field(default_factory=dict)

    @property
    def is_news(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.entries or self.payments)


def _pay(work: Work, close: str) -> Report:
    plan = _plan(work, close)
    append(work, [row for postings in plan.entries for row in postings])
    at, who = work.now.astimezone(dt.UTC), acting(work)
    work.store.add_few(PAYMENTS, [{**row, "at": at, "by": who} for row in plan.payments])
    derive(work, (run.settlement_period for run in all_runs(work) if run.state == "posted"))
    report = Report("pay", news=True)
    for state in ("issued", "carried", "returned", "cleared"):
        report.figures[state] = sum(row["state"] == state for row in plan.payments)
    check_money(work, report, plan.minimums)
    return report


def _plan(work: Work, close: str) -> Plan:
    posted = [run.settlement_period for run in all_runs(work) if run.state == "posted"]
    if close not in posted:
        raise Stop(f"{close} is not posted: `podledger settle`, `approve` and `post` come first")
    if close != max(posted):
        raise Stop(f"{max(posted)} is posted already: pay that close, what is left of {close} is part of it")
    finance = finance_of(work, needed_set(work))
    payouts, payments, plan = read_payouts(work.settings.payouts_toml), all_payments(work), Plan()
    balances = _balances(work)
    _take_results(finance, payments, close, balances, plan)
    by_payee = {row["payee_id"]: row.values for row in finance["payees"]}
    for payee_id, held in sorted(balances.items()):
        if any(held.values()):
            payee = by_payee[payee_id]
            minimum = payee["min_payout_minor"]
            if minimum is None:
                minimum = payouts.minimum.get(payee["currency"], 0)
            returned = has_returned(payments, finance, payee_id)
            what = instruction(payee, held, finance["rates"], work.now.date(), minimum, returned)
            _add(what, close, payments, plan)
            plan.minimums |= {row["end_to_end_id"]: minimum for row in plan.payments if row["payee_id"] == payee_id}
    return plan


def _balances(work: Work) -> dict[str, dict[str, int]]:
    """What is payable to each payee, by currency."""
    version = work.state.tables[BALANCES.name]
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in rows(work.settings.lake, BALANCES.name, version, f"account like '{PAYABLE}%'").to_pylist():
        found[row["payee_id"]][row["currency"]] = row["balance_minor"]
    return found


def _take_results(
    finance: FinanceSet, payments: list[Payment], close: str, balances: dict[str, dict[str, int]], plan: Plan
) -> None:
    """What the bank said since: a returned payment and what was withheld beside it go back to the payee."""
    for payment, state in results(finance, payments):
        plan.payments.append(payment.row(close, state))
        if state != "returned":
            continue
        whole = payment.amount_minor + payment.withheld_minor
        told = {"payee_id": payment.payee_id, "corrects_entry_id": f"payment:{payment.end_to_end_id}"}
        back = [
            posting(f"bank:{payment.currency}", -payment.amount_minor, payment.currency, **told),
            posting(f"{PAYABLE}{payment.payee_id}", whole, payment.currency, **told),
        ]
        if payment.withheld_minor:
            account = f"withheld:{payment.payee_id}"
            back.insert(1, posting(account, -payment.withheld_minor, payment.currency, **told))
        plan.entries.append(entry(f"return:{payment.end_to_end_id}", "return", close, back))
        held = balances.setdefault(payment.payee_id, {})
        held[payment.currency] = held.get(payment.currency, 0) + whole


def _add(what: Instruction, close: str, payments: Iterable[Payment], plan: Plan) -> None:
    """The instruction as entries and a row; or the row that says why there is none."""
    if what.blocked_by is not None:
        name = f"carried:{close}:{what.payee_id}"
        if not any(payment.end_to_end_id == name for payment in payments):
            plan.payments.append(_row(name, what, close, "carried"))
        return
    name = _end_to_end_id(what.payee_id, close, payments)
    told = {"payee_id": what.payee_id}
    account, own = f"{PAYABLE}{what.payee_id}", what.currency
    for currency, (taken, brings) in what.converted.items():
        plan.entries.append(
            entry(f"conversion:{name}:{currency}", "conversion", close, [
                posting(account, -taken, currency, **told), posting(f"exchange:{currency}", taken, currency),
                posting(f"exchange:{own}", -brings, own), posting(account, brings, own, **told),
            ])
        )  # fmt: skip
    paid = [posting(account, -what.amount_minor, own, **told), posting(f"bank:{own}", what.amount_minor, own)]
    plan.entries.append(entry(f"payment:{name}", "payment", close, paid))
    if what.withheld_minor:
        kept = what.withheld_minor
        parts = [posting(account, -kept, own, **told), posting(f"withheld:{what.payee_id}", kept, own, **told)]
        plan.entries.append(entry(f"withholding:{name}", "withholding", close, parts))
    plan.payments.append(_row(name, what, close, "issued"))


def _row(name: str, what: Instruction, close: str, state: str) -> dict[str, Any]:
    return {
        "end_to_end_id": name,
        "payee_id": what.payee_id,
        "settlement_period": close,
        "amount_minor": what.amount_minor,
        "withheld_minor": what.withheld_minor,
        "currency": what.currency,
        "state": state,
        "blocked_by": what.blocked_by,
    }


def _end_to_end_id(payee_id: str, close: str, payments: Iterable[Payment]) -> str:
    """A name of at most 35 characters, as banks take it; another for each payment of a payee."""
    earlier = sum(payment.payee_id == payee_id and payment.state == "issued" for payment in payments)
    told = hashlib.sha256(f"{payee_id}\n{close}\n{earlier}".encode()).hexdigest()
    return f"P{close.replace('-', '')}-{told[:24]}"
