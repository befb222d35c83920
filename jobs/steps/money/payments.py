"""Payments as their table tells them, and what the bank said of them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jobs.finance.files import FinanceSet
from jobs.published.reading import rows
from jobs.steps.work import Work
from jobs.tables import PAYMENTS


@dataclass(frozen=True, slots=True)
class Payment:
    """One row of ``gold/payments``."""

    end_to_end_id: str
    payee_id: str
    settlement_period: str
    amount_minor: int
    withheld_minor: int
    currency: str
    state: str
    blocked_by: str | None
    at: Any
    by: str

    def row(self, close: str, state: str) -> dict[str, Any]:
        """The payment in another state, as of this close."""
        told = asdict(self) | {"settlement_period": close, "state": state}
        return {name: value for name, value in told.items() if name not in ("at", "by")}


def all_payments(work: Work) -> list[Payment]:
    """Every row, oldest first."""
    version = work.state.tables.get(PAYMENTS.name, -1)
    found = [] if version < 0 else rows(work.settings.lake, PAYMENTS.name, version).to_pylist()
    return sorted((Payment(**row) for row in found), key=lambda payment: (payment.at, payment.end_to_end_id))


def issued(payments: Iterable[Payment]) -> dict[str, Payment]:
    """The instructions given to the bank, by their end-to-end id."""
    return {payment.end_to_end_id: payment for payment in payments if payment.state == "issued"}


def results(finance: FinanceSet, payments: Sequence[Payment]) -> list[tuple[Payment, str]]:
    """What the bank results say that is not written down yet, in their order: the payment, and its new state."""
    known = {(payment.end_to_end_id, payment.state) for payment in payments}
    instructions = issued(payments)
    found = []
    for row in sorted(finance["bank_results"], key=lambda row: (row["at"], row.line)):
        key = (row["end_to_end_id"], row["state"])
        if key not in known:
            known.add(key)
            found.append((instructions[row["end_to_end_id"]], row["state"]))
    return found


def has_returned(payments: Iterable[Payment], finance: FinanceSet, payee_id: str) -> bool:
    """Whether a payment to this payee came back that was not cleared since."""
    state: dict[str, str] = {}
    for row in sorted(finance["bank_results"], key=lambda row: (row["at"], row.line)):
        state[row["end_to_end_id"]] = row["state"]
    instructions = issued(payments)
    return any(said == "returned" and instructions[name].payee_id == payee_id for name, said in state.items())
