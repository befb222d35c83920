"""Programs that count plays, by command: every amount here can be worked out by hand."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from jobs.settings import HOUSE
from tests.conftest import Ran
from tests.settlement.house import BIN, DAEMON, POOLS, House, Play, new_house

OCTOBER = ("--period", "2026-10")
CAMPAIGNS = """campaign_id,advertiser_id,program,name,currency,cpm_minor,fee_bps,holdback_bps,tier,goal_plays,\
starts,ends,cap_per_listener,late_days
c-1,acme,spots,Autumn,EUR,200000,1500,500,audible,,2026-10-01,2026-10-31,3,30
c-2,acme,spots,Small,USD,999,0,0,started,,2026-10-01,2026-10-31,,30
"""
PLAYS = [
    ("ana", "1", "c-1", True),
    ("ana", "2", "c-1", True),
    ("ben", "1", "c-1", True),
    ("ben", "2", "c-1", False),
    ("ben", "3", "c-2", True),
    ("dan", "1", "c-1", True),  # held: nobody knows for sure when it was
    ("eve", "1", "c-1", True),  # no listen: 20 seconds
    ("zoe", "1", "c-1", False),  # on the last day, so that plays are there to the end of the month
]
"""Who heard it, its slot, its campaign, and whether it is billable."""


@pytest.fixture
def house(podledger: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """The house with one program, which counts plays; there is no table of them yet."""
    found = new_house(podledger, tmp_path, monkeypatch)
    found.heard("zoe", "ep-2", "2026-10-31T12:00", 10, "2026-10-31T12:01")
    found.count()
    own = tmp_path / "payouts.toml"
    rules = (HOUSE / "conf" / "payouts.toml").read_text(encoding="utf-8")
    own.write_text(rules.replace('"ads"', '"spots"').replace('rule = "pro_rata" }', 'rule = "cpm" }'), encoding="utf-8")
    monkeypatch.setenv("PODLEDGER_PATHS_PAYOUTS", str(own))
    found.finance(pools=POOLS.splitlines()[0] + "\n", campaigns=CAMPAIGNS)
    return found


def play(house: House, plays: Sequence[tuple[str, str, str, bool]], received: str) -> None:
    listens = {row["listener_id"]: row for row in house.rows("silver/listens")}
    house.play(Play(listens[who], slot, campaign, received, billable) for who, slot, campaign, billable in plays)


@pytest.mark.spark
def test_a_campaign_is_divided_by_its_plays_afresh_until_final(house: House) -> None:
    play(house, PLAYS, "2026-10-08T12:01")
    # what made it one came in with the cut-off, not before
    play(house, [("ana", "3", "c-1", True)], "2026-11-08T00:00")

    # 3 plays of c-1: gross floor(200000 * 3 / 1000) = 600, fee 90, held back floor(510 * 5 %) = 25, so 485 are divided,
    # 2 : 1; one play of c-2 comes to floor(0.999) = 0
    draft = house.run("settle", *OCTOBER).out
    assert "1 campaigns, 3 billable plays, net 5.10 EUR, divided 4.85 EUR, held back 0.25 EUR" in draft
    assert "1 campaigns, 1 billable plays, net 0.00 USD" in draft
    allocated = {
        (row["campaign_id"], row["show_id"], row["payee_id"]): (int(row["weight"]), row["pool_minor"],
                                                              row["item_minor"], row["amount_minor"])
        for row in house.rows("gold/allocations")
    }  # fmt: skip
    assert allocated == {
        ("c-1", "s-1", "p1"): (2, 485, 323, 194),
        ("c-1", "s-1", "p2"): (2, 485, 323, 129),
        ("c-1", "s-2", "p2"): (1, 485, 162, 162),
        ("c-2", "s-2", "p2"): (1, 0, 0, 0),
    }
    assert house.rows("gold/listen_settlements") == []
    for who in (DAEMON, BIN):
        house.run("approve", *OCTOBER, by=who)
    house.run("post", *OCTOBER)
    assert house.postings("accrual") == {
        ("receivable:spots", None): -600, ("fee:spots", None): 90, ("holdback:spots", None): 25,
        ("payable:p1", "s-1"): 194, ("payable:p2", "s-1"): 129, ("payable:p2", "s-2"): 162,
    }  # fmt: skip
    _check_told(house)

    # ana's third play, and cara's, come late: 5 of 1000, fee 150, held back floor(42.5), 808 divided 4 : 1
    house.heard("cara", "ep-1", "2026-10-20T12:00", 120, "2026-11-20T12:00")
    house.count()
    play(house, [("cara", "1", "c-1", True)], "2026-11-20T12:00")
    draft = house.run("settle", "--period", "2026-11", now="2026-12-09").out
    assert "spots 2026-11: no campaign runs then" in draft
    assert "spots 2026-10: p1 3.88 EUR, 2026-10 1.94 EUR, odd" in draft
    house.close("2026-11", "2026-12-09")
    assert house.postings("adjustment") == {
        ("receivable:spots", None): -400, ("fee:spots", None): 60, ("holdback:spots", None): 17,
        ("payable:p1", "s-1"): 388 - 194, ("payable:p2", "s-1"): 258 - 129,
    }  # fmt: skip

    # at final dan's listen is released, and its play counts: 1200, fee 180, 1020 divided 4 : 2, nothing held back
    house.close("2026-12", "2027-01-09")
    house.close("2027-01", "2027-02-09")
    assert house.postings("adjustment", close="2027-01") == {
        ("receivable:spots", None): -200, ("fee:spots", None): 30, ("holdback:spots", None): -42,
        ("payable:p1", "s-1"): 408 - 388, ("payable:p2", "s-1"): 272 - 258, ("payable:p2", "s-2"): 340 - 162,
    }  # fmt: skip
    play(house, [("cara", "3", "c-1", True)], "2027-02-20T12:00")
    house.heard("lea", "ep-2", "2026-10-21T12:00", 120, "2027-02-20T12:00")
    house.count()
    play(house, [("lea", "1", "c-1", True), ("lea", "2", "c-1", True)], "2027-02-20T12:00")
    house.close("2027-02", "2027-03-09")
    assert house.postings("adjustment", close="2027-02") == {}
    # with these three 1800 less 270 are divided 5 : 4, so 850 and 680; p1 has 60 % of the former, p2 all the rest
    for payee, plays, worth in (("p1", 1, 510 - 408), ("p2", 3, 340 + 680 - (272 + 340))):
        (told,) = house.podledger("why", payee, "2026-10", "--lake", house.lake, "--json").json()["unpaid"]
        assert (told["class"], told["plays"], told["currency"], told["worth_minor"]) == ("late", plays, "EUR", worth)
    said = house.podledger("why", "p2", "2026-10", "--lake", house.lake).out
    assert "spots 2026-10: 3 late plays in 2 listens: had all such plays counted, 4.08 EUR more" in said


def _check_told(house: House) -> None:
    """What is posted is explained, comes to the same again, and its campaign stays as it was."""
    told = house.podledger("why", "p2", "2026-10", "--lake", house.lake, "--json").json()["items"]
    assert [(one["campaign_id"], one["show_id"], one["amount_minor"]) for one in told] == [
        ("c-1", "s-1", 129), ("c-1", "s-2", 162), ("c-2", "s-2", 0),
    ]  # fmt: skip
    for one in told:
        assert sum(day["plays"] for day in one["plays"]) == one["weight"]
        assert one["pool_minor"] * one["weight"] // one["total_weight"] + one["item_bonus"] == one["item_minor"]
    said = house.podledger("why", "p2", "2026-10", "--lake", house.lake).out
    assert "spots 2026-10, campaign c-1, show s-1, split of 2026-01-01, 40 of 100 shares: 1.29 EUR" in said
    assert "campaign: floor(200000 * 3 / 1000) = 600, less fee 90 and held back 25: 485" in said
    assert "show: floor(485 * 2 / 3 plays) = 323" in said
    assert "2026-10-05: 2 billable plays" in said
    # with dan's play 800 less 120 and 34 are divided 2 : 2
    assert (
        "spots 2026-10: 1 billable plays in 1 held listens (unsure_clock 1): had all such plays counted, 1.61 EUR more"
    ) in said
    assert house.podledger("why", "p1", "2026-10", "--lake", house.lake, "--json").json()["unpaid"] == []
    (run,) = [row for row in house.rows("gold/settlement_runs") if row["state"] == "posted"]
    assert f"comes to the same again: {run['checksum']}" in house.run("reproduce", run["run_id"]).out
    other = house.tried("simulate", "--rule", "capped", "--cap-ms", "60000", "--program", "spots", *OCTOBER)
    assert "spots 2026-10 was divided by plays" in other.err
    (house.landing / "finance" / "campaigns.csv").write_text(CAMPAIGNS.replace("200000", "200001"))
    refused = house.tried("finance", now="2026-11-10").out
    assert "campaigns.csv:2: campaign c-1 is posted and was changed" in refused
    house.finance(campaigns=CAMPAIGNS)


@pytest.mark.spark
def test_a_month_is_not_closed_without_its_plays_unless_that_is_said(house: House) -> None:
    missing = house.tried("settle", *OCTOBER)
    assert missing.code == 1
    assert "spots 2026-10 divides by ad plays until 2026-10-31, and silver/ad_plays has none" in missing.err
    assert not (house.lake / "gold" / "settlement_runs").exists()
    play(house, PLAYS[:-1], "2026-10-08T12:01")
    short = house.tried("settle", *OCTOBER)
    assert "silver/ad_plays ends on 2026-10-08: bring it up to date" in short.err
    assert "plays_as_they_are of program spots in conf/payouts.toml" in short.err

    house.finance(campaigns=CAMPAIGNS.replace("2026-10-31", "2026-10-08"))  # after the last flight none are wanted
    assert "1 campaigns, 3 billable plays, net 5.10 EUR" in house.run("settle", *OCTOBER).out
    house.finance(campaigns=CAMPAIGNS)

    own = house.folder / "payouts.toml"
    own.write_text(f'{own.read_text(encoding="utf-8")}plays_as_they_are = ["2026-10"]\n', encoding="utf-8")
    draft = house.run("settle", *OCTOBER).out
    assert "spots 2026-10: conf/payouts.toml takes its ad plays as they are: those there are" in draft
    assert "1 campaigns, 3 billable plays, net 5.10 EUR, divided 4.85 EUR" in draft
    play(house, PLAYS[-1:], "2026-10-31T12:01")
    assert "takes its ad plays as they are" in house.run("settle", *OCTOBER).out


@pytest.mark.spark
def test_a_month_in_which_nothing_was_played_is_declared_to_be_so(house: House) -> None:
    own = house.folder / "payouts.toml"
    own.write_text(f'{own.read_text(encoding="utf-8")}plays_as_they_are = ["2026-10"]\n', encoding="utf-8")
    draft = house.run("settle", *OCTOBER).out
    assert "takes its ad plays as they are: none, as there is no silver/ad_plays" in draft
    assert "2026-10 (settle, cpm): 1 campaigns, 0 billable plays, net 0.00 EUR" in draft
    assert house.rows("gold/allocations") == []


@pytest.mark.spark
def test_a_play_that_no_campaign_pays_for_stops_the_close(house: House) -> None:
    play(house, [*PLAYS[-1:], ("ana", "1", "c-1", True), ("ben", "1", "c-9", True)], "2026-10-31T12:01")
    refused = house.tried("settle", *OCTOBER)
    assert "bills campaign c-9 for 1 plays on 2026-10-06, a day not of its flight in campaigns.csv" in refused.err
    assert house.rows("gold/settlement_runs") == []
