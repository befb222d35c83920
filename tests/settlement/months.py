"""Random months with everything that money can meet, and the same months as files and relations of a run."""

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

OF_USERS = ("user_centric", "scaled_user")
RULES = ("pro_rata", "capped", *OF_USERS, "cpm")
STANDINGS = ("payable",) * 6 + ("held", "held", "invalid", "too_short", "not_payable", "late", "void")
MOST_WEIGHT = 10**14
MOST_POOL = 10**13
MOST_FEE = 10**8
MOST_CPM = 10**8
RELEASE_UNTIL = dt.datetime(2026, 1, 8, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Listen:
    listen_id: str
    listener_id: str
    show_id: str
    day: dt.date
    heard_ms: int
    standing: str
    held_since: dt.datetime


@dataclass(frozen=True)
class Version:
    """A split version: payees and shares from a day on, up to a day (exclusive) or without end."""

    show_id: str
    since: dt.date
    until: dt.date | None
    shares: dict[str, int]


@dataclass(frozen=True)
class Campaign:
    name: str
    currency: str
    cpm_minor: int
    fee_bps: int
    holdback_bps: int


@dataclass(frozen=True)
class Month:
    program: str
    period: str
    rule: str
    cap_ms: int | None
    fee_bps: int
    is_final: bool
    pools: list[tuple[str, int, int]]
    """Currency, net and holdback of each, in minor units."""
    members: list[tuple[str, dt.date, dt.date | None]]
    listens: list[Listen]
    versions: list[Version]
    fees: dict[str, int] = field(default_factory=dict)
    campaigns: list[Campaign] = field(default_factory=list)
    plays: list[tuple[str, str]] = field(default_factory=list)
    """Listen and campaign of each billable play."""


@dataclass(frozen=True)
class Shape:
    """How large a month is, and what its numbers are drawn from."""

    rule: str
    listeners: int
    shows: int
    payees: int
    digits: int
    seed: int


SHAPES = st.builds(
    Shape,
    rule=st.sampled_from(RULES),
    listeners=st.integers(0, 12),
    shows=st.integers(1, 6),
    payees=st.sampled_from([1, 2, 3, 7]),
    digits=st.sampled_from([1, 2, 5, 9, 14]),
    seed=st.integers(0, 2**32),
)


def month(number: int, shape: Shape) -> Month:
    """The month of that shape; its program, shows and listeners are its own."""
    draw = random.Random(repr(shape))
    first = dt.date(2020 + number % 9, 1 + number % 12, 1)
    last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    shows = [f"s{number}-{place}" for place in range(shape.shows)]
    listeners = [f"l{number}-{place}" for place in range(shape.listeners)]
    listens = [
        Listen(f"{number}-{one}-{place}", one, draw.choice(shows), first + dt.timedelta(days=draw.randrange(28)),
               _number(draw, shape.digits, MOST_WEIGHT), draw.choice(STANDINGS),
               RELEASE_UNTIL + dt.timedelta(microseconds=draw.choice([-1, 0, 1])))
        for one in listeners for place in range(draw.randrange(4))
    ]  # fmt: skip
    fees = {one: draw.choice([0, 999, _number(draw, 8, MOST_FEE)]) for one in listeners if draw.random() < 0.8}
    campaigns = _campaigns(draw, number) if shape.rule == "cpm" else []
    names = [*(one.name for one in campaigns), "of-another-program"]
    plays = [
        (listen.listen_id, draw.choice(names)) for listen in listens for _ in range(draw.randrange(6)) if campaigns
    ]
    fee_bps = draw.choice([0, 1500, 3333, 10_000]) if draw.random() < 0.5 else draw.randrange(10_001)
    return Month(
        program=f"p{number}",
        period=f"{first:%Y-%m}",
        rule=shape.rule,
        cap_ms=draw.choice([1, 10**6, 10**12]) if shape.rule == "capped" else None,
        fee_bps=fee_bps,
        is_final=draw.random() < 0.4,
        pools=_pools(draw, shape, fees, fee_bps),
        members=[member for show in shows for member in _member(draw, show, first)],
        listens=listens,
        versions=[version for show in shows for version in _versions(draw, show, first, last, shape.payees)],
        fees=fees if shape.rule in OF_USERS else {},
        campaigns=campaigns,
        plays=plays,
    )


def _number(draw: random.Random, digits: int, most: int) -> int:
    """A number of at most so many digits, often the same as another, sometimes the greatest."""
    if draw.random() < 0.1:
        return min(int(10**digits), most)
    return 1 + draw.randrange(draw.choice([3, 10**digits])) % most


def _pools(draw: random.Random, shape: Shape, fees: dict[str, int], fee_bps: int) -> list[tuple[str, int, int]]:
    if shape.rule == "cpm":
        return []
    if shape.rule in OF_USERS:
        gross = sum(fees.values())
        net = gross - gross * fee_bps // 10_000
        net += draw.choice([0, 0, -1, 1, -net, 10**6])
        return [("EUR", net, draw.choice([0, net // 20, net, -5]))]
    amounts = (_number(draw, 13, MOST_POOL) * draw.choice([1, 1, 1, 1, -1, 0]) for _ in range(draw.randrange(3)))
    return [
        (currency, net, draw.choice([0, net // 20, 2 * abs(net), -1]))
        for currency, net in zip(("EUR", "JPY"), amounts, strict=False)
    ]


def _campaigns(draw: random.Random, number: int) -> list[Campaign]:
    return [
        Campaign(f"c{number}-{place}", draw.choice(["EUR", "EUR", "JPY"]),
                 draw.choice([_number(draw, 9, MOST_CPM), draw.randrange(MOST_CPM + 1)]),
                 draw.choice([0, 1500, 10_000, draw.randrange(10_001)]), draw.choice([0, 777, draw.randrange(10_001)]))
        for place in range(draw.choice([0, 1, 2, 3, 3]))
    ]  # fmt: skip


def _member(draw: random.Random, show: str, first: dt.date) -> list[tuple[str, dt.date, dt.date | None]]:
    middle = first + dt.timedelta(days=draw.randrange(1, 27))
    choices: list[list[tuple[str, dt.date, dt.date | None]]] = [
        [(show, first, None)], [(show, dt.date(2000, 1, 1), None)], [(show, middle, None)], [(show, first, middle)], [],
    ]  # fmt: skip
    return draw.choice([choices[0], choices[0], *choices])


def _versions(draw: random.Random, show: str, first: dt.date, last: dt.date, payees: int) -> list[Version]:
    def shares() -> dict[str, int]:
        return {f"{show}-p{place}": _number(draw, draw.choice([1, 9]), 10**9) for place in range(payees)}

    middle = first + dt.timedelta(days=draw.randrange(1, 27))
    whole = [Version(show, first, None, shares())]
    changed = [Version(show, first - dt.timedelta(days=40), middle, shares()), Version(show, middle, last, shares())]
    return draw.choice([whole, whole, changed, [Version(show, middle, None, shares())], []])


def rows_of(months: list[Month]) -> dict[str, list[dict[str, Any]]]:
    """The months as rows of runs, members, pools, listens, splits, fees and plays."""
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("runs", "members", "pools", "listens", "splits", "fees", "plays")
    }
    for run_no, one in enumerate(months):
        net = one.pools[0][1] if one.rule in OF_USERS else 0
        rows["runs"].append(
            {"run_no": run_no, "run_id": f"r{run_no}", "program": one.program, "period": one.period, "rule": one.rule,
             "cap_ms": one.cap_ms, "fee_bps": one.fee_bps, "net_minor": net, "is_final": one.is_final,
             "release_until": RELEASE_UNTIL}
        )  # fmt: skip
        rows["members"] += (
            {"run_no": run_no, "show_id": show, "since": since, "until": until} for show, since, until in one.members
        )
        for currency, net, holdback in one.pools:
            rows["pools"].append(
                {"pool_no": len(rows["pools"]), "run_no": run_no, "currency": currency, "campaign_id": "",
                 "net_minor": net, "holdback_minor": holdback}
            )  # fmt: skip
        for campaign in one.campaigns:
            rows["pools"].append(
                {"pool_no": len(rows["pools"]), "run_no": run_no, "currency": campaign.currency,
                 "campaign_id": campaign.name, "cpm_minor": campaign.cpm_minor, "fee_bps": campaign.fee_bps,
                 "holdback_bps": campaign.holdback_bps}
            )  # fmt: skip
        rows["plays"] += (
            {"listen_id": listen, "arrangement_id": "a", "slot": str(place), "campaign_id": campaign}
            for place, (listen, campaign) in enumerate(one.plays)
        )
        rows["listens"] += (
            {"listen_id": listen.listen_id, "listener_id": listen.listener_id, "show_id": listen.show_id,
             "listen_day": listen.day, "heard_ms": listen.heard_ms, "standing": listen.standing,
             "held_since": listen.held_since if listen.standing == "held" else None}
            for listen in one.listens
        )  # fmt: skip
        rows["splits"] += (
            {"show_id": version.show_id, "valid_from": version.since, "valid_to": version.until, "payee_id": payee,
             "share": share}
            for version in one.versions for payee, share in version.shares.items()
        )  # fmt: skip
        rows["fees"] += (
            {"program": one.program, "period": one.period, "listener_id": listener, "fee_minor": fee}
            for listener, fee in one.fees.items()
        )
    return rows
