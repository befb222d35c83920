"""A year of a small platform: what is heard and when it comes in, what finance puts down, and what must come of it."""

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass, field

from jobs.finance.files import COLUMNS
from jobs.finance.periods import Calendar, Period
from tests.settlement.months import Campaign, Listen, Month, Version
from tests.settlement.reference import settle

FIRST = dt.date(2026, 1, 1)
CALENDAR = Calendar(7, 90)
HOLD_DAYS = 60
LISTENERS = [f"l{place}" for place in range(24)]
SHOWS = [f"s-{place}" for place in range(1, 7)]
SUBSCRIBERS = LISTENERS[::2]
LISTENS_A_MONTH = 60
LATE, UNSURE = 0.05, 0.05
MOST_LATE_DAYS = 90
FEE_MINOR = 999
PROGRAMS = {"ads": "pro_rata", "plus": "user_centric", "pot": "capped", "spots": "cpm"}
CAP_MS = 400_000
OF_POT = ("s-2", "s-3")
PAYOUTS = f"""
[[program]]
name = "plus"
rules = [{{ from = 2026-01-01, rule = "user_centric" }}]
shows = [{{ show_id = "*", from = 2026-01-01 }}]

[[program]]
name = "pot"
rules = [{{ from = 2026-01-01, rule = "capped", cap_ms = {CAP_MS} }}]
shows = [{", ".join(f'{{ show_id = "{show}", from = 2026-01-01 }}' for show in OF_POT)}]

[[program]]
name = "spots"
rules = [{{ from = 2026-01-01, rule = "cpm" }}]
shows = [{{ show_id = "*", from = 2026-01-01 }}]
"""
CAMPAIGNS = [Campaign("c-1", "EUR", 150_000, 1500, 500), Campaign("c-2", "USD", 77_777, 0, 1000)]
PAYEES = """payee_id,name,email,country,currency,iban,bic,min_payout_minor,withholding_bps,hold
p1,Ana,,DE,EUR,DE89370400440532013000,COBADEFFXXX,1000,0,
p2,Ben,,DE,EUR,DE75512108001245126199,,1000,1500,
p3,Cay,,DE,EUR,DE89370400440532013000,,1000,0,{hold}
p4,Dee,,US,USD,,,10000,0,
"""
RATES = (
    "date,from,to,numerator,denominator,source\n2025-12-31,EUR,USD,1085,1000,ECB\n2026-06-30,EUR,USD,1075,1000,ECB\n"
)


@dataclass(frozen=True)
class Event:
    """Somebody heard something; ``received`` is when that came in, UTC."""

    listener: str
    show: str
    at: dt.datetime
    received: dt.datetime
    heard_s: int
    is_unsure: bool

    @property
    def key(self) -> tuple[str, str, dt.date]:
        return (self.listener, f"ep-{self.show}", self.at.date())

    @property
    def plays(self) -> list[str]:
        """Campaigns of the ads played in it: one twice on odd days, another on every third."""
        return ["c-1"] * (1 + self.at.day % 2) + ["c-2"] * (self.at.day % 3 == 0)


@dataclass(frozen=True)
class Document:
    """A row of pools.csv; ``since`` is the close before which it came, counted from 0."""

    name: str
    program: str
    period: str
    currency: str
    gross_minor: int
    fee_bps: int
    holdback_bps: int
    since: int


@dataclass
class Year:
    """So many months, and as many closes as it takes until all of them are final."""

    months: int
    seed: int = 1
    events: list[Event] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    decisions: dict[str, tuple[str, int]] = field(default_factory=dict)
    """What was decided about a listen, and before which close."""

    def __post_init__(self) -> None:
        draw = random.Random(self.seed)
        taken = set()
        for period in self.periods:
            for _ in range(LISTENS_A_MONTH):
                event = _event(draw, period)
                if event.key not in taken:
                    taken.add(event.key)
                    self.events.append(event)
        for place, period in enumerate(self.periods):
            self.documents += _documents(draw, place, str(period), str(self.periods[place - 1]))

    @property
    def periods(self) -> list[Period]:
        return [Period.of(FIRST).plus(place) for place in range(self.months)]

    @property
    def closes(self) -> list[Period]:
        return [Period.of(FIRST).plus(place) for place in range(self.months + 3)]

    def came_between(self, after: dt.datetime, until: dt.datetime) -> list[Event]:
        return [event for event in self.events if after < event.received <= until]

    def splits(self, close: int) -> list[Version]:
        """Splits as finance has them at that close: one changes in hindsight, one comes late, one show has none."""
        middle = FIRST.replace(month=2, day=15)
        first = Version("s-1", FIRST, middle if close >= 2 else None, {"p1": 60, "p2": 40})
        later = [Version("s-1", middle, None, {"p1": 1, "p3": 2}), Version("s-5", FIRST, None, {"p1": 7, "p4": 3})]
        alone = [
            Version(show, FIRST, None, {payee: 1}) for show, payee in (("s-2", "p2"), ("s-3", "p3"), ("s-4", "p4"))
        ]
        return [first, *alone, *(later if close >= 2 else [])]

    def finance(self, close: int) -> dict[str, str]:
        """The files at that close."""
        known = [one for one in self.documents if one.since <= close]
        splits = [
            f"{one.show_id},{payee},{share},{one.since},{one.until or ''}"
            for one in self.splits(close) for payee, share in one.shares.items()
        ]  # fmt: skip
        pools = [
            f"{one.name},{one.program},{one.period},{one.currency},{one.gross_minor},{one.fee_bps},{one.holdback_bps}"
            for one in known
        ]
        fees = [f"plus,{one.period},{who},{FEE_MINOR}" for one in known if one.program == "plus" for who in SUBSCRIBERS]
        return {
            "payees": PAYEES.format(hold="tax_form" if close < 3 else ""),
            "rates": RATES,
            "campaigns": self._campaigns(),
            "splits": "\n".join(["show_id,payee_id,share,valid_from,valid_to", *splits]) + "\n",
            "pools": "\n".join(["document_id,program,period,currency,gross_minor,fee_bps,holdback_bps", *pools]) + "\n",
            "subscriptions": "\n".join(["program,period,listener_id,fee_minor", *fees]) + "\n",
        }

    def _campaigns(self) -> str:
        flight = f"{FIRST},{self.periods[-1].last_day}"
        lines = [
            f"{one.name},acme,spots,All year,{one.currency},{one.cpm_minor},{one.fee_bps},{one.holdback_bps},audible,,"
            f"{flight},,90"
            for one in CAMPAIGNS
        ]
        return "\n".join([",".join(COLUMNS["campaigns.csv"]), *lines]) + "\n"

    def at_final(self, program: str, period: Period, ids: dict[tuple[str, str, dt.date], str],
                 since: dict[str, dt.datetime]) -> dict[tuple[str, str | None, str], int]:  # fmt: skip
        """What a month comes to when it is final, by account, show and currency, by the reference.

        ``ids`` are the listens by their key, ``since`` the cut-off that first held each of those held.
        """
        close = self.closes.index(CALENDAR.final_close(period))
        cut_off = CALENDAR.cut_off(self.closes[close])
        known = [
            one for one in self.documents if one.since <= close and (one.program, one.period) == (program, str(period))
        ]
        money: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for one in known:
            fee = (1 if one.gross_minor > 0 else -1) * (abs(one.gross_minor) * one.fee_bps // 10_000)
            money[one.currency][0] += one.gross_minor - fee
            money[one.currency][1] += fee
        listens = [
            Listen(ids[event.key], event.listener, event.show, event.at.date(), event.heard_s * 1000,
                   self._standing(ids[event.key], event, close, cut_off, since), cut_off)
            for event in self.events if event.received < cut_off
        ]  # fmt: skip
        month = Month(
            program, str(period), PROGRAMS[program], CAP_MS if program == "pot" else None,
            known[0].fee_bps if known else 0, True, [(currency, net, 0) for currency, (net, _) in money.items()],
            [(show, FIRST, None) for show in (OF_POT if program == "pot" else SHOWS)], listens, self.splits(close),
            dict.fromkeys(SUBSCRIBERS, FEE_MINOR) if program == "plus" else {},
            CAMPAIGNS if program == "spots" else [],
            [(ids[event.key], name) for event in self.events if event.received < cut_off for name in event.plays],
        )  # fmt: skip
        found: defaultdict[tuple[str, str | None, str], int] = defaultdict(int)
        settled = settle(month)
        for (currency, _, show, _, payee), (amount, _) in settled.amounts.items():
            found[f"payable:{payee}" if payee else f"unassigned:{show}", show, currency] += amount
        for (currency, _), fee in settled.fees.items():
            found[f"fee:{program}", None, currency] += fee
        for currency, (net, fee) in money.items():
            found[f"fee:{program}", None, currency] += fee
            found[f"undistributed:{program}", None, currency] += net - settled.pools[currency, ""][0]
        return {key: amount for key, amount in found.items() if amount}

    def _standing(
        self, listen: str, event: Event, close: int, cut_off: dt.datetime, since: dict[str, dt.datetime]
    ) -> str:
        decision, decided = self.decisions.get(listen, ("", close + 1))
        if event.heard_s <= 30:
            return "too_short"
        if decided <= close:
            return "void" if decision == "void" else "payable"
        held = since.get(listen)
        if held is None or held > cut_off:
            return "payable"
        return "payable" if held <= cut_off - dt.timedelta(days=HOLD_DAYS) else "late"


def _event(draw: random.Random, period: Period) -> Event:
    at = dt.datetime.combine(period.first_day, dt.time(12), dt.UTC) + dt.timedelta(days=draw.randrange(28))
    is_late = draw.random() < LATE
    delay = dt.timedelta(days=draw.uniform(1, MOST_LATE_DAYS)) if is_late else dt.timedelta(minutes=2)
    is_unsure = not is_late and draw.random() < UNSURE
    heard_s = draw.choice([20, 31, draw.randrange(40, 600)])
    received = (at + delay).replace(microsecond=0)
    return Event(draw.choice(LISTENERS), draw.choice(SHOWS), at, received, heard_s, is_unsure)


def _documents(draw: random.Random, place: int, period: str, before: str) -> list[Document]:
    found = [
        Document(f"ads-{place}", "ads", period, "EUR", draw.randrange(50_000, 200_000), 1000, 500, place),
        Document(f"plus-{place}", "plus", period, "EUR", FEE_MINOR * len(SUBSCRIBERS), 1500, 0, place),
        Document(f"pot-{place}", "pot", period, "EUR", draw.randrange(10_000, 20_000), 0, 1000, place),
    ]
    if place % 3 == 0:
        found.append(Document(f"usd-{place}", "ads", period, "USD", draw.randrange(1_000, 90_000), 1000, 500, place))
    if place:
        found.append(Document(f"fix-{place}", "ads", before, "EUR", draw.randrange(-9_000, 9_000), 1000, 500, place))
    return found
