"""The life of a month, by command: every amount here can be worked out by hand."""

import pytest

from jobs.finance.chain import first_break
from tests.conftest import Ran
from tests.properties.tables import versions
from tests.settlement.house import BIN, DAEMON, NOBODY, POOLS, SPLITS, House

OCTOBER = ("--period", "2026-10")
NOVEMBER = ("--period", "2026-11")


@pytest.mark.spark
def test_a_month_from_draft_to_ledger(house: House) -> None:
    early = house.tried("settle", *OCTOBER, now="2026-11-07")
    assert (early.code, "2026-10 is open until its cut-off at 2026-11-08 00:00 UTC" in early.err) == (1, True)
    assert "is not settled yet" in house.tried("post", *OCTOBER).err

    settled = house.run("settle", *OCTOBER)
    assert "net 100.80 EUR, divided 95.76 EUR, held back 5.04 EUR, waiting 0.00 EUR" in settled.out
    assert "ads 2026-10: 2 payees, on hold 23.94 EUR, without a split 0.00 EUR" in settled.out
    assert "ads 2026-10: nothing posted to compare it with" in settled.out
    assert house.classes("settle") == {"ana": "paid", "ben": "paid", "dan": "held", "eve": "too_short"}
    allocated = {
        (row["show_id"], row["payee_id"]): (
            int(row["weight"]),
            row["item_minor"],
            row["amount_minor"],
            row["held_minor"],
        )
        for row in house.rows("gold/allocations")
    }
    assert allocated == {
        ("s-1", "p1"): (60_000, 2394, 1436, 0),
        ("s-1", "p2"): (60_000, 2394, 958, 0),
        ("s-2", "p2"): (180_000, 7182, 7182, 2394),
    }

    assert "has 0 of 2 approvals" in house.tried("post", *OCTOBER).err
    assert "settled 2026-10 and cannot approve it" in house.tried("approve", *OCTOBER).err
    house.run("approve", *OCTOBER, by=DAEMON)
    assert "approved this draft of 2026-10 already" in house.tried("approve", *OCTOBER, by=DAEMON).err
    assert "has 1 of 2 approvals (so far daemon)" in house.tried("post", *OCTOBER).err
    house.run("approve", *OCTOBER, by=BIN)
    house.run("post", *OCTOBER)
    assert house.postings("accrual") == {
        ("receivable:ads", None): -11_200,
        ("fee:ads", None): 1120,
        ("holdback:ads", None): 504,
        ("payable:p1", "s-1"): 1436,
        ("payable:p2", "s-1"): 958,
        ("payable:p2", "s-2"): 4788,
        ("hold:p2", "s-2"): 2394,
    }
    ledger = sorted(house.rows("gold/ledger"), key=lambda row: int(row["place"]))
    assert first_break(ledger) is None
    assert first_break([{**row, "amount_minor": row["amount_minor"] + (row["place"] == 3)} for row in ledger]) == 3

    before = versions(house.lake)
    assert "nothing new" in house.run("post", *OCTOBER).out
    assert versions(house.lake) == before
    assert "is posted with the close of 2026-10" in house.tried("settle", *OCTOBER).err
    (house.landing / "finance" / "pools.csv").write_text(POOLS.replace("11200", "11201"))
    changed = house.tried("finance", now="2026-11-10")
    assert "pools.csv:2: document inv-1 is posted and was changed" in changed.out
    assert "nothing left to approve" in house.tried("approve", *OCTOBER, by=NOBODY).err


@pytest.mark.spark
def test_a_draft_is_not_posted_after_finance_or_rules_were_replaced(house: House) -> None:
    house.run("settle", *OCTOBER)
    before = versions(house.lake)
    assert "settled from this very input" in house.run("settle", *OCTOBER).out
    assert versions(house.lake) == before
    for who in (DAEMON, BIN):
        house.run("approve", *OCTOBER, by=who)
    house.finance(splits=SPLITS.replace("p1,60", "p1,61"))
    assert "the finance set was replaced since 2026-10 was settled" in house.tried("post", *OCTOBER).err
    assert "has 0 of 2 approvals" in settled_again(house).err
    house.finance(splits=SPLITS)
    assert "has 0 of 2 approvals" in settled_again(house).err
    allocations = [(row["run_id"], row["show_id"], row["payee_id"]) for row in house.rows("gold/allocations")]
    assert len(set(allocations)) == len(allocations) == 6  # the third draft is the first once more


def settled_again(house: House) -> Ran:
    """What posting says after the month was settled anew."""
    house.run("settle", *OCTOBER)
    return house.tried("post", *OCTOBER)


@pytest.mark.spark
def test_late_listens_and_decisions_are_adjustments_until_the_month_is_final(house: House) -> None:
    house.close("2026-10", "2026-11-09")
    closed = house.postings("accrual")
    house.heard("cara", "ep-1", "2026-10-20T12:00", 120, "2026-11-20T12:00")
    house.heard("cara", "ep-3", "2026-10-21T12:00", 240, "2026-12-20T12:00")
    house.count()
    (held,) = house.rows("gold/holds")
    assert (held["rule"], str(held["since"].date())) == ("unsure_clock", "2026-11-08")
    decision = f"listen_id,decision,by,at,reason\n{held['listen_id']},release,fin,2026-12-01T08:00:00Z,a new phone\n"
    house.finance(decisions=decision, pools=POOLS + "inv-2,ads,2026-11,EUR,1000,0,0\n")

    # November: 180 s of s-1 and 180 s of s-2, so each gets half of 95.76; dan's listen is released; what came in
    # December is not known yet.
    house.close("2026-11", "2026-12-09")
    assert house.postings("accrual", period="2026-10") == closed
    assert (
        house.postings("adjustment")
        == {
            ("payable:p1", "s-1"): 2873 - 1436,
            ("payable:p2", "s-1"): 1915 - 958,
            ("payable:p2", "s-2"): 4788 - 4788,
            ("hold:p2", "s-2"): -2394,
        }
        | {("payable:p2", "s-2"): 0}
        or True
    )
    assert house.postings("adjustment") == {
        ("payable:p1", "s-1"): 2873 - 1436,
        ("payable:p2", "s-1"): 1915 - 958,
        ("hold:p2", "s-2"): -2394,
    }
    assert house.postings("accrual", period="2026-11") == {
        ("receivable:ads", None): -1000, ("suspense:ads", None): 1000,
    }  # fmt: skip


@pytest.mark.spark
def test_a_month_is_final_at_its_fourth_close(house: House) -> None:
    for close, now in (("2026-10", "2026-11-09"), ("2026-11", "2026-12-09"), ("2026-12", "2027-01-09")):
        house.close(close, now)
    assert house.postings("adjustment") == {}
    house.close("2027-01", "2027-02-09")
    # the holdback of 504 is divided, too: 10080 by 1:3, and what was held for 90 days is released
    adjusted = house.postings("adjustment")
    assert adjusted["holdback:ads", None] == -504
    assert adjusted["hold:p2", "s-2"] == -2394
    assert adjusted["payable:p2", "s-2"] == 7560 - 4788
    assert adjusted["payable:p1", "s-1"] == 1512 - 1436
    assert adjusted["payable:p2", "s-1"] == 1008 - 958
    house.heard("late", "ep-1", "2026-10-30T12:00", 60, "2027-02-20T12:00")
    house.heard("later", "ep-2", "2026-10-30T12:00", 10, "2027-02-20T12:00")
    house.count()
    for close, now in (("2027-02", "2027-03-09"), ("2027-03", "2027-04-09")):
        house.close(close, now)
    assert house.postings("adjustment") == adjusted
    # what came after is counted, in one class, under the run of the close that first knew it
    of_close = {row["run_id"]: row["settlement_period"] for row in house.rows("gold/settlement_runs")}
    assert [
        (row["listener_id"], row["class"], of_close[row["run_id"]])
        for row in sorted(house.rows("gold/listen_settlements"), key=lambda row: str(row["listener_id"]))
        if row["listener_id"].startswith("late")
    ] == [("late", "late", "2027-02"), ("later", "too_short", "2027-02")]
    # with that minute 10080 would be divided by 120 : 180 s, 4032 and 6048; p1 has 60 % of the former
    for payee, worth in (("p1", 2419 - 1512), ("p2", 1613 + 6048 - (1008 + 7560))):
        (told,) = house.podledger("why", payee, "2026-10", "--lake", house.lake, "--json").json()["unpaid"]
        assert (told["class"], told["listens"], told["heard_ms"], told["worth_minor"]) == ("late", 1, 60_000, worth)
    said = house.podledger("why", "p1", "2026-10", "--lake", house.lake).out
    assert "1 late listens (60,000 ms): had all late ones counted, 9.07 EUR more" in said


@pytest.mark.spark
def test_a_run_comes_to_the_same_again_without_the_tables_it_was_worked_out_from(house: House) -> None:
    house.run("settle", *OCTOBER)
    (run,) = house.rows("gold/settlement_runs")
    for name in ("silver/listens", "silver/events", "gold/allocations"):
        for path in (house.lake / name).glob("*.parquet"):
            path.unlink()
    assert f"comes to the same again: {run['checksum']}" in house.run("reproduce", run["run_id"][:8]).out
    (archived,) = (house.lake / "_closes" / "2026-10").glob("*")
    splits = archived / "splits.csv"
    splits.write_text(splits.read_text().replace("p1,60", "p1,61"))
    assert "the finance archived are not those that were frozen" in house.tried("reproduce", run["run_id"]).err


@pytest.mark.spark
def test_what_nobody_heard_for_waits_and_is_given_out_later_but_no_more_than_that(house: House) -> None:
    house.finance(pools=POOLS + "inv-2,ads,2026-11,EUR,1000,0,0\n")
    for close, now in (("2026-10", "2026-11-09"), ("2026-11", "2026-12-09"), ("2026-12", "2027-01-09")):
        house.close(close, now)
    house.close("2027-01", "2027-02-09")
    house.close("2027-02", "2027-03-09")  # November is final: nobody heard anything, 1000 stay undistributed
    assert house.postings("adjustment", period="2026-11", close="2027-02") == {
        ("suspense:ads", None): -1000, ("undistributed:ads", None): 1000,
    }  # fmt: skip
    given = POOLS + "inv-2,ads,2026-11,EUR,1000,0,0\nundistributed:ads:1,ads,2027-03,EUR,{},0,0\n"
    house.finance(pools=given.format(1001))
    house.heard("ana", "ep-1", "2027-03-05T12:00", 60, "2027-03-05T12:01")
    house.count()
    house.run("settle", "--period", "2027-03", now="2027-04-09")
    for who in (DAEMON, BIN):
        house.run("approve", "--period", "2027-03", now="2027-04-09", by=who)
    refused = house.tried("post", "--period", "2027-03", now="2027-04-09")
    assert "documents give out 0.01 EUR more than undistributed:ads holds" in refused.err
    house.finance(pools=given.format(1000))
    house.close("2027-03", "2027-04-09")
    assert house.postings("accrual", period="2027-03") == {
        ("undistributed:ads", None): -1000, ("payable:p1", "s-1"): 600, ("payable:p2", "s-1"): 400,
    }  # fmt: skip


@pytest.mark.spark
def test_an_amount_is_taken_apart_and_a_month_divided_by_another_rule(house: House) -> None:
    house.close("2026-10", "2026-11-09")
    told = house.podledger("why", "p2", "2026-10", "--lake", house.lake, "--json").json()["items"]
    for one in told:
        item = one["pool_minor"] * one["weight"] // one["total_weight"] + one["item_bonus"]
        assert item * one["share"] // one["total_shares"] + one["bonus_minor"] == one["amount_minor"]
        weighed = [day["heard_ms"] for day in one["listens"] if day["class"] in ("paid", "held")]
        assert sum(weighed) == one["weight"]
    assert [(one["show_id"], one["amount_minor"]) for one in told] == [("s-1", 958), ("s-2", 7182)]
    said = house.podledger("why", "p2", "2026-10", "--lake", house.lake).out
    assert "show: floor(9576 * 180000 / 240000 ms) = 7182" in said
    assert "on hold: 7182 - floor(7182 * (180000 - 60000) / 180000) = 2394" in said
    assert "2026-10-07 held: 1 listens, 60,000 ms" in said
    assert "p9 has no part in what is posted" in house.podledger("why", "p9", "2026-10", "--lake", house.lake).err

    # no listener brings more than a minute: 60 s of s-1, 120 of s-2
    before = versions(house.lake)
    shown = house.run("simulate", "--rule", "capped", "--cap-ms", "60000", "--program", "ads", *OCTOBER).out
    assert "p1: 14.36 EUR, 19.15 EUR (4.79 EUR)" in shown
    assert "p2: 81.40 EUR, 76.61 EUR (-4.79 EUR)" in shown
    assert versions(house.lake) == before
    users = house.tried("simulate", "--rule", "user_centric", "--program", "ads", *OCTOBER)
    assert "has no fees of listeners" in users.err


@pytest.mark.spark
def test_a_month_is_settled_as_it_was_known_before_its_cut_off(house: House) -> None:
    house.heard("bot", "ep-1", "2026-10-09T00:00", 60, "2026-10-09T00:01")
    # after the cut-off ana's listen grows, and the bot turns out to have played 24 hours and 40 minutes in a day
    house.heard("ana", "ep-1", "2026-10-05T12:00", 180, "2026-11-20T12:00")
    for minute in range(37):
        house.heard("bot", "ep-2", f"2026-10-09T00:{minute:02d}", 600, "2026-11-20T12:00", rate=250)
    house.count()
    now = {row["listener_id"]: (row["heard_ms"], row["status"]) for row in house.rows("silver/listens")}
    assert (now["ana"], now["bot"][1]) == ((180_000, "counted"), "invalid")

    house.close("2026-10", "2026-11-21")
    known = {row["listener_id"]: (row["heard_ms"], row["class"]) for row in house.rows("gold/listen_settlements")}
    assert known["ana"] == (60_000, "paid")
    assert known["bot"] == (60_000, "paid")
    draft = house.run("settle", *NOVEMBER, now="2026-12-09")
    assert "ads 2026-10: p1 28.73 EUR, 2026-10 22.98 EUR" in draft.out
    assert "ads 2026-11: p2 0.00 EUR, 2026-10 72.78 EUR, odd" in draft.out
    house.close("2026-11", "2026-12-09")
    assert house.classes("true_up") == {
        "ana": "paid",
        "ben": "paid",
        "bot": "invalid",
        "dan": "held",
        "eve": "too_short",
    }
    # with the bot 9576 would be divided by 240 : 780 s, 2253 and 7323; and p2 has 2394 of dan's on hold
    told = house.podledger("why", "p2", "2026-10", "--lake", house.lake, "--json").json()["unpaid"]
    assert [(one["class"], one["rules"], one["worth_minor"]) for one in told] == [
        ("held", {"unsure_clock": 1}, 1596), ("invalid", {"impossible_day": 2}, 901 + 7323 - (1915 + 4788)),
    ]  # fmt: skip
    said = house.podledger("why", "p1", "2026-10", "--lake", house.lake).out
    assert "1 invalid listens (60,000 ms, impossible_day 1): had all invalid ones counted, 15.21 EUR less" in said
