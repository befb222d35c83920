"""A year with late listens, corrections, holds, decisions, changed splits and returned payments, close by close."""

import datetime as dt
import json
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.finance.chain import first_break
from jobs.settings import HOUSE
from tests.conftest import Ran
from tests.settlement.house import House, Play
from tests.settlement.year import CALENDAR, PAYOUTS, PROGRAMS, SHOWS, Year

MONTHS = int(os.environ.get("TEST_YEAR_MONTHS", "3"))


@pytest.fixture
def house(podledger: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Nothing heard yet; three listens of a listener on a day are suspicious."""
    found = House(podledger, tmp_path, monkeypatch)
    for name in ("catalog", "finance"):
        (found.landing / name).mkdir(parents=True)
    episode = {"creator_id": "c-1", "duration_ms": 600_000}
    catalogue = [{**episode, "episode_id": f"ep-{show}", "show_id": show} for show in SHOWS]
    (found.landing / "catalog" / "episodes.ndjson").write_text("\n".join(json.dumps(one) for one in catalogue))
    own = tmp_path / "payouts.toml"
    rules = (HOUSE / "conf" / "payouts.toml").read_text(encoding="utf-8")
    # nothing is played in the last days of the last month, and nothing after it
    no_more = f'plays_as_they_are = ["{Year(MONTHS).periods[-1]}"]\n'
    own.write_text(rules.replace("threshold = 300", "threshold = 1", 1) + PAYOUTS + no_more, encoding="utf-8")
    monkeypatch.setenv("PODLEDGER_PATHS_PAYOUTS", str(own))
    return found


@pytest.mark.spark
@pytest.mark.timeout(600 + 120 * MONTHS)
def test_every_close_holds_and_every_month_comes_to_a_from_scratch_allocation(house: House) -> None:
    year = Year(MONTHS)
    before = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for place, close in enumerate(year.closes):
        now = CALENDAR.cut_off(close) + dt.timedelta(days=1)
        _land(house, year, before, now)
        before = now
        house.finance(**year.finance(place), **_decided(house, year, place), **_returned(house, place))
        # posting and paying run every invariant there is, and stop at the first one that does not hold
        house.close(str(close), f"{now:%Y-%m-%d}")
        house.run("pay", "--period", str(close), now=f"{now:%Y-%m-%d}")
    assert first_break(sorted(house.rows("gold/ledger"), key=lambda row: int(row["place"]))) is None

    ids = {
        (row["listener_id"], row["episode_id"], row["listen_day"]): row["listen_id"]
        for row in house.rows("silver/listens")
    }
    since: dict[str, dt.datetime] = {}
    for row in house.rows("gold/holds"):
        since[row["listen_id"]] = min(row["since"], since.get(row["listen_id"], row["since"]))
    posted = _posted(house)
    for program in PROGRAMS:
        for period in year.periods:
            assert posted[program, str(period)] == year.at_final(program, period, ids, since), (program, period)
    _check_that_all_of_it_happened(house, year)


def _land(house: House, year: Year, after: dt.datetime, until: dt.datetime) -> None:
    lines = [
        house.line(
            event.listener, f"ep-{event.show}", f"{event.at:%Y-%m-%dT%H:%M:%S}", event.heard_s,
            f"{event.received:%Y-%m-%dT%H:%M:%S}", clock_ahead_s=3600 if event.is_unsure else 0,
        )
        for event in year.came_between(after, until)
    ]  # fmt: skip
    house.land(f"until-{until:%Y-%m-%d}", f"{until:%Y-%m-%dT%H}", lines)
    house.count()
    listens = {(row["listener_id"], row["episode_id"], row["listen_day"]): row for row in house.rows("silver/listens")}
    house.play(
        Play(listens[event.key], str(slot), campaign, f"{event.received:%Y-%m-%dT%H:%M:%S}")
        for event in year.came_between(after, until)
        for slot, campaign in enumerate(event.plays)
    )


def _decided(house: House, year: Year, place: int) -> dict[str, str]:
    """Of what is held a third is released, a third void, and nobody says anything about the others."""
    holds = sorted({row["listen_id"] for row in house.rows("gold/holds")}) if place else []
    for listen in holds:
        choice = int(listen[:4], 16) % 3
        if listen not in year.decisions and choice < 2:
            year.decisions[listen] = ("release" if choice else "void", place)
    lines = [
        f"{listen},{decision},fin,2026-{min(decided + 1, 12):02d}-20T08:00:00Z,looked at"
        for listen, (decision, decided) in year.decisions.items()
    ]
    return {"decisions": "\n".join(["listen_id,decision,by,at,reason", *lines]) + "\n"}


def _returned(house: House, place: int) -> dict[str, str]:
    """The first payment to p2 comes back before the third close, and is in order again before the fifth."""
    lines = ["end_to_end_id,state,at,reason"]
    if place >= 2:
        issued = [row for row in house.rows("gold/payments") if row["payee_id"] == "p2" and row["end_to_end_id"]]
        first = min(issued, key=lambda row: row["settlement_period"])["end_to_end_id"]
        lines.append(f"{first},returned,2026-03-20T08:00:00Z,AC04")
        if place >= 4:
            lines.append(f"{first},cleared,2026-05-20T08:00:00Z,new account")
    return {"bank_results": "\n".join(lines) + "\n"}


def _posted(house: House) -> dict[tuple[str, str], dict[tuple[str, str | None, str], int]]:
    """Sums of accruals and adjustments by program and month; by account, show and currency, credits positive."""
    sums: defaultdict[tuple[str, str], defaultdict[tuple[str, str | None, str], int]] = defaultdict(
        lambda: defaultdict(int)
    )
    for row in house.rows("gold/ledger"):
        if row["kind"] in ("accrual", "adjustment") and not row["account"].startswith("receivable:"):
            amount = row["amount_minor"] * (1 if row["side"] == "credit" else -1)
            sums[row["program"], row["period"]][row["account"], row["show_id"], row["currency"]] += amount
    return {month: {key: amount for key, amount in of.items() if amount} for month, of in sums.items()}


def _check_that_all_of_it_happened(house: House, year: Year) -> None:
    """The year had what it is about: otherwise it would prove nothing."""
    runs = [row for row in house.rows("gold/settlement_runs") if row["state"] == "posted"]
    finals = {(row["program"], row["period"]) for row in runs if row["kind"] == "final"}
    assert finals >= {(program, str(period)) for program in PROGRAMS for period in year.periods}
    assert {row["rule"] for row in house.rows("gold/holds")} >= {"unsure_clock", "many_listens"}
    assert {decision for decision, _ in year.decisions.values()} == {"release", "void"}
    assert {row["class"] for row in house.rows("gold/listen_settlements")} >= {"held", "void", "paid", "unassigned"}
    assert {row["kind"] for row in house.rows("gold/ledger")} >= {"accrual", "adjustment", "payment"}
    assert {"issued", "carried", "returned"} <= {row["state"] for row in house.rows("gold/payments")}
    assert any(event.received - event.at > dt.timedelta(days=40) for event in year.events)
