"""Settling by the letter of the rules, one month at a time, in Python's whole numbers."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tests.settlement.months import RELEASE_UNTIL, Listen, Month

Item = tuple[str, str]
"""A show and the first day of the split version in force; empty without one."""


def largest_remainder(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """The amount over these ids by weight; a tie goes to the id with the smaller SHA-256."""
    total = sum(weights.values())
    if total == 0:
        return dict.fromkeys(weights, 0)
    given = {name: amount * weight // total for name, weight in weights.items()}
    order = sorted(
        weights, key=lambda name: (-(amount * weights[name] % total), hashlib.sha256(name.encode()).hexdigest())
    )
    for name in order[: amount - sum(given.values())]:
        given[name] += 1
    return given


@dataclass
class Settled:
    """What was divided and held back by currency and campaign; weights of items by campaign; what payees of items get,
    and how much is held. The campaign is empty for what documents bring in."""

    pools: dict[tuple[str, str], tuple[int, int]]
    weights: dict[tuple[str, str, str], tuple[int, int]]
    amounts: dict[tuple[str, str, str, str, str | None], tuple[int, int]]
    classes: dict[str, str]
    fees: dict[tuple[str, str], int] = field(default_factory=dict)
    """What goes off each campaign's gross."""


def settle(month: Month) -> Settled:
    listens = [_at_final(month, listen) for listen in month.listens if _is_member(month, listen)]
    if month.rule == "cpm":
        return _of_campaigns(month, listens)
    raw: defaultdict[str, defaultdict[Item, int]] = defaultdict(lambda: defaultdict(int))
    held: defaultdict[tuple[str, Item], int] = defaultdict(int)
    for listen in listens:
        if listen.standing in ("payable", "held"):
            raw[listen.listener_id][_item(month, listen)] += listen.heard_ms
        if listen.standing == "held":
            held[listen.listener_id, _item(month, listen)] += listen.heard_ms
    scaled = _scaled(month, raw)
    weights: dict[Item, tuple[int, int]] = {}
    for listener, items in raw.items():
        for item, heard_ms in items.items():
            weight = scaled[listener][item]
            of_held = weight - weight * (heard_ms - held[listener, item]) // heard_ms
            before = weights.get(item, (0, 0))
            weights[item] = (before[0] + weight, before[1] + of_held)
    found = Settled({}, {}, {}, {listen.listen_id: _class(month, listen) for listen in listens})
    for currency, net, holdback in month.pools:
        divisible = _divisible(month, net, weights, raw)
        _divide(month, (currency, ""), divisible, holdback, weights, found)
    return found


def _of_campaigns(month: Month, listens: list[Listen]) -> Settled:
    """Each campaign's plays in payable listens bring in its price a thousand, and are what it is divided by."""
    items = {listen.listen_id: _item(month, listen) for listen in listens if listen.standing == "payable"}
    found = Settled({}, {}, {}, {})
    for one in month.campaigns:
        plays = Counter(items[listen] for listen, campaign in month.plays if campaign == one.name and listen in items)
        gross = one.cpm_minor * sum(plays.values()) // 1000
        net = gross - gross * one.fee_bps // 10_000
        found.fees[one.currency, one.name] = gross - net
        weights = {item: (count, 0) for item, count in plays.items()}
        _divide(month, (one.currency, one.name), net, net * one.holdback_bps // 10_000, weights, found)
    return found


def _at_final(month: Month, listen: Listen) -> Listen:
    """A final run holds nothing: what was held long enough is released, the rest comes too late."""
    if not month.is_final or listen.standing != "held":
        return listen
    return replace(listen, standing="payable" if listen.held_since <= RELEASE_UNTIL else "late")


def _is_member(month: Month, listen: Listen) -> bool:
    return f"{listen.day:%Y-%m}" == month.period and any(
        show == listen.show_id and since <= listen.day and (until is None or listen.day < until)
        for show, since, until in month.members
    )


def _item(month: Month, listen: Listen) -> Item:
    for version in month.versions:
        in_force = version.since <= listen.day and (version.until is None or listen.day < version.until)
        if version.show_id == listen.show_id and in_force:
            return listen.show_id, str(version.since)
    return listen.show_id, ""


def _class(month: Month, listen: Listen) -> str:
    if listen.standing != "payable":
        return listen.standing
    return "paid" if _item(month, listen)[1] else "unassigned"


def _tie(month: Month, *parts: str) -> str:
    return "\n".join((month.program, month.period, *parts))


def _scaled(month: Month, raw: Mapping[str, Mapping[Item, int]]) -> dict[str, dict[Item, int]]:
    if month.rule == "pro_rata":
        return {listener: dict(items) for listener, items in raw.items()}
    if month.rule == "capped":
        cap = month.cap_ms or 0
        return {
            listener: {
                item: w * cap // total if (total := sum(items.values())) > cap else w for item, w in items.items()
            }
            for listener, items in raw.items()
        }
    found = {}
    gamma = _gamma(month, raw) if month.rule == "scaled_user" else Fraction(0)
    for listener, items in raw.items():
        fee = month.fees.get(listener, 0)
        if month.rule == "user_centric":
            micro = fee * 100 * (10_000 - month.fee_bps)
        else:
            exact = 10**6 * fee * min(gamma * _level(items), Fraction(1))
            micro = exact.numerator // exact.denominator
        by_id = largest_remainder(micro, {_tie(month, *item): weight for item, weight in items.items()})
        found[listener] = {item: by_id[_tie(month, *item)] for item in items}
    return found


def _level(items: Mapping[Item, int]) -> int:
    return min(sum(items.values()), 10**10)


def _gamma(month: Month, raw: Mapping[str, Mapping[Item, int]]) -> Fraction:
    """γ such that Σ fee * min(γ * level, 1) is U: found by trying how many of the greatest levels give all."""
    levels = sorted(
        ((_level(items), month.fees[one]) for one, items in raw.items() if month.fees.get(one, 0) > 0), reverse=True
    )
    to_give = max(0, min(month.pools[0][1], sum(fee for _, fee in levels)))
    for whole in range(len(levels)):
        rest = levels[whole:]
        gamma = Fraction(to_give - sum(fee for _, fee in levels[:whole]), sum(fee * level for level, fee in rest))
        if gamma * rest[0][0] <= 1:
            assert sum(fee * min(gamma * level, Fraction(1)) for level, fee in levels) == to_give
            return gamma
    return Fraction(0)


def _divisible(
    month: Month, net: int, weights: Mapping[Item, tuple[int, int]], raw: Mapping[str, Mapping[Item, int]]
) -> int:
    if month.rule == "user_centric":
        return min(net, sum(weight for weight, _ in weights.values()) // 10**6)
    if month.rule == "scaled_user":
        return min(net, sum(month.fees.get(listener, 0) for listener in raw))
    return net


def _divide(
    month: Month, pool_of: tuple[str, str], divisible: int, holdback: int, weights: Mapping[Item, tuple[int, int]],
    found: Settled,
) -> None:  # fmt: skip
    total = sum(weight for weight, _ in weights.values())
    found.weights.update({(pool_of[1], *item): weight for item, weight in weights.items()})
    held_back = 0 if month.is_final else max(0, min(holdback, divisible))
    pool = max(0, divisible - held_back) if total else 0
    found.pools[pool_of] = (pool, held_back)
    of_items = largest_remainder(pool, {_tie(month, *item): weight for item, (weight, _) in weights.items()})
    assert sum(of_items.values()) == pool
    shares = {(version.show_id, str(version.since)): version.shares for version in month.versions}
    for item, (weight, held_weight) in weights.items():
        amount = of_items[_tie(month, *item)]
        if item not in shares:
            found.amounts[*pool_of, *item, None] = (amount, 0)
            continue
        of_payees = largest_remainder(amount, {_tie(month, *item, payee): one for payee, one in shares[item].items()})
        assert sum(of_payees.values()) == amount
        for payee in shares[item]:
            paid = of_payees[_tie(month, *item, payee)]
            held = paid - paid * (weight - held_weight) // weight if paid else 0
            found.amounts[*pool_of, *item, payee] = (paid, held)
