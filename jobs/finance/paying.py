"""Who is paid what: balances, rates, minimum and reasons, in whole minor units."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.finance.amounts import EXPONENTS, part_of
from jobs.finance.files import Row


@dataclass(frozen=True, slots=True)
class Rate:
    """One major unit is worth ``numerator / denominator`` of another currency's, from a day on."""

    date: dt.date
    numerator: int
    denominator: int

    def converted(self, amount_minor: int, currency: str, into: str) -> int:
        """An amount of 0 or more in the other currency, floored."""
        over = amount_minor * self.numerator * 10 ** EXPONENTS[into]
        return int(over // (self.denominator * 10 ** EXPONENTS[currency]))


def rate_in_force(rates: Iterable[Row], currency: str, into: str, day: dt.date) -> Rate | None:
    """The newest rate on or before the day; None without one."""
    known = [row for row in rates if (row["from"], row["to"]) == (currency, into) and row["date"] <= day]
    if not known:
        return None
    newest = max(known, key=lambda row: row["date"])
    return Rate(newest["date"], newest["numerator"], newest["denominator"])


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a payee gets, in their currency; or nothing, and why: then ``amount_minor`` is what is carried.

    ``converted`` gives, by other currency, what is taken there and what comes of it.
    """

    payee_id: str
    currency: str
    amount_minor: int
    withheld_minor: int = 0
    converted: dict[str, tuple[int, int]] = field(default_factory=dict)
    blocked_by: str | None = None


def instruction(
    payee: Mapping[str, Any],
    balances: Mapping[str, int],
    rates: Iterable[Row],
    day: dt.date,
    minimum: int,
    has_returned: bool,
) -> Instruction:
    """What is to be done with a payee's balances (by currency, credits positive) on that day.

    What stands in other currencies is converted with the payment it serves, and nets a debt in the payee's own; a debt
    there stays and blocks nothing, and so does what has no rate or would become 0.
    """
    payee_id, own = payee["payee_id"], payee["currency"]
    converted = {}
    for currency, balance in sorted(balances.items()):
        rate = rate_in_force(rates, currency, own, day) if currency != own and balance > 0 else None
        brings = rate.converted(balance, currency, own) if rate else 0
        if brings > 0:
            converted[currency] = (balance, brings)
    total = balances.get(own, 0) + sum(brings for _, brings in converted.values())
    withheld = part_of(max(total, 0), payee["withholding_bps"])
    blocked = _why_not(payee, total, withheld, minimum, has_returned)
    if blocked is not None:
        return Instruction(payee_id, own, max(balances.get(own, 0), 0), blocked_by=blocked)
    return Instruction(payee_id, own, total - withheld, withheld, converted)


def _why_not(payee: Mapping[str, Any], total: int, withheld: int, minimum: int, has_returned: bool) -> str | None:
    if payee["hold"]:
        return str(payee["hold"])
    if has_returned:
        return "returned"
    if total < 0:
        return "debt"
    if total == 0:
        return "zero"
    if total < minimum:
        return "minimum"
    return "fully_withheld" if withheld == total else None
