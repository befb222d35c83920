"""Balances, payments and statements, by command: every amount can be worked out by hand."""

import csv
import hashlib
import json
from typing import Any

import pytest

from jobs.settings import HOUSE
from tests.properties.tables import versions
from tests.settlement.house import PAYEES, POOLS, SPLITS, House

OCTOBER = ("--period", "2026-10")
NOVEMBER = ("--period", "2026-11")


def payments(house: House, state: str) -> dict[str, tuple[int, int, str | None]]:
    return {
        row["payee_id"]: (row["amount_minor"], row["withheld_minor"], row["blocked_by"])
        for row in house.rows("gold/payments")
        if row["state"] == state
    }


def balances(house: House, prefix: str = "") -> dict[str, int]:
    return {
        f"{row['account']} {row['currency']}": row["balance_minor"]
        for row in house.rows("gold/balances")
        if row["account"].startswith(prefix) and row["balance_minor"]
    }


def statement(house: House, payee: str, close: str, currency: str = "EUR") -> dict[str, Any]:
    key = (payee, close, currency)
    (row,) = (
        row
        for row in house.rows("gold/statements")
        if (row["payee_id"], row["settlement_period"], row["currency"]) == key
    )
    return {name.removesuffix("_minor"): value for name, value in row.items() if name.endswith("_minor") and value}


@pytest.mark.spark
def test_who_is_paid_what_is_withheld_returned_and_carried(house: House) -> None:
    assert "2026-10 is not posted" in house.tried("pay", *OCTOBER).err
    house.close("2026-10", "2026-11-09")
    house.run("pay", *OCTOBER)
    # p1 has 1436; p2 has 958 + 4788 and 2394 on hold, and 15 % is withheld: floor(5746 * 0.15) = 861
    assert payments(house, "issued") == {"p1": (1436, 0, None), "p2": (4885, 861, None)}
    assert balances(house, "payable") == {}
    assert balances(house)["bank:EUR EUR"] == 1436 + 4885
    assert statement(house, "p2", "2026-10") == {
        "accrued": 8140, "held": 2394, "paid": 4885, "withheld": 861,
    }  # fmt: skip
    shown = house.podledger("show", "payments", "--period", "2026-10", "--lake", house.lake, "--json").json()
    assert {row["payee_id"]: row["amount_minor"] for row in shown["rows"]} == {"p1": 1436, "p2": 4885}
    nothing = house.podledger("show", "gold/payments", "--period", "2026-09", "--lake", house.lake)
    assert nothing.out == "gold/payments: no rows\n"
    page = (HOUSE / "docs" / "payouts-for-creators.md").read_text(encoding="utf-8")
    for payee, held in (("p1", 0), ("p2", 2394)):
        told = statement(house, payee, "2026-10")
        assert f"| {payee} | {told['accrued']} | {held} | {told['paid'] + told.get('withheld', 0)} |" in page
    before = versions(house.lake)
    assert "nothing new" in house.run("pay", *OCTOBER).out
    assert versions(house.lake) == before

    sent = {row["payee_id"]: row["end_to_end_id"] for row in house.rows("gold/payments")}
    assert all(len(one) <= 35 for one in sent.values())
    came_back = f"end_to_end_id,state,at,reason\n{sent['p2']},returned,2026-11-12T08:00:00Z,AC04\n"
    house.finance(bank_results=came_back)
    house.run("pay", *OCTOBER, now="2026-11-13")
    assert payments(house, "carried") == {"p2": (5746, 0, "returned")}
    assert balances(house, "payable") == {"payable:p2 EUR": 5746}
    assert "withheld:p2 EUR" not in balances(house)

    house.finance(bank_results=came_back + f"{sent['p2']},cleared,2026-11-20T08:00:00Z,new account\n")
    house.run("pay", *OCTOBER, now="2026-11-21")
    again = [row for row in house.rows("gold/payments") if row["state"] == "issued" and row["payee_id"] == "p2"]
    assert len({row["end_to_end_id"] for row in again}) == 2
    assert statement(house, "p2", "2026-10") == {
        "accrued": 8140, "held": 2394, "paid": 2 * 4885, "withheld": 2 * 861, "returned": 5746,
    }  # fmt: skip
    assert balances(house, "payable") == {}

    out = house.folder / "out"
    written = house.podledger("statements", "2026-10", "--out", out / "statements", "--lake", house.lake)
    assert written.out == f"statements of 2026-10: files 4, lines 12\n  in {out / 'statements'}\n"
    with (out / "statements" / "p2.EUR.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["line"], line["show_id"], int(line["amount_minor"])) for line in lines] == [
        ("opening", "", 0), ("accrued", "s-1", 958), ("accrued", "s-2", 7182), ("held", "s-2", -2394),
        ("paid", "", -2 * 4885), ("withheld", "", -2 * 861), ("returned", "", 5746), ("closing", "", 0),
    ]  # fmt: skip
    assert sum(int(line["amount_minor"]) for line in lines[:-1]) == 0
    assert house.podledger("export", "2026-10", "--out", out / "export", "--lake", house.lake).code == 0
    manifest = json.loads((out / "export" / "manifest.json").read_text())
    for name, told in manifest["files"].items():
        content = (out / "export" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == told["sha256"]
        assert len(list(csv.reader(content.decode().splitlines()))) == told["rows"] + 1
    totals = {name: told["totals"]["EUR"] for name, told in manifest["files"].items()}
    assert totals["ledger.csv"]["debit"] == totals["ledger.csv"]["credit"]
    assert totals["payments.csv"]["issued"] - totals["payments.csv"]["returned"] == balances(house)["bank:EUR EUR"]
    nothing = house.podledger("export", "2026-09", "--out", out / "none", "--lake", house.lake)
    assert (nothing.code, "nothing is posted with 2026-09" in nothing.err, (out / "none").exists()) == (1, True, False)


@pytest.mark.spark
def test_a_balance_is_carried_with_its_reason_and_other_currencies_serve_a_payment(house: House) -> None:
    house.finance(
        payees=PAYEES.replace("p1,Ana,,DE,EUR,DE89370400440532013000,COBADEFFXXX,1000", "p1,Ana,,DE,USD,,,10000")
        .replace("1500,\n", "1500,tax_form\n"),
        pools=POOLS + "inv-2,ads,2026-10,JPY,1000,0,0\n",
    )  # fmt: skip
    house.close("2026-10", "2026-11-09")
    house.run("pay", *OCTOBER)
    assert payments(house, "carried") == {"p1": (0, 0, "zero"), "p2": (5746, 0, "tax_form")}
    opened = statement(house, "p1", "2026-10")
    assert opened == {"accrued": 1436, "closing": 1436}

    # 14.36 EUR at 1.085 are 15.5806 USD, and 150 JPY (of 1000, a quarter, 60 %) at 0.0065 are 0.975 USD
    house.finance(
        payees=PAYEES.replace("p1,Ana,,DE,EUR,DE89370400440532013000,COBADEFFXXX,1000", "p1,Ana,,DE,USD,,,1655"),
        rates="date,from,to,numerator,denominator,source\n2026-10-30,EUR,USD,1085,1000,ECB\n2026-10-30,JPY,USD,65,10000,ECB\n"
        "2027-01-01,EUR,USD,2,1,later\n",
    )
    house.close("2026-11", "2026-12-09")
    house.run("pay", *NOVEMBER, now="2026-12-09")
    assert payments(house, "issued")["p1"] == (1558 + 97, 0, None)
    assert statement(house, "p1", "2026-11") == {"opening": 1436, "converted": -1436}
    assert statement(house, "p1", "2026-11", "USD") == {"converted": 1655, "paid": 1655}
    assert balances(house, "payable:p1") == {}


@pytest.mark.spark
def test_what_has_no_split_waits_and_is_assigned_from_final_on(house: House) -> None:
    house.heard("fay", "ep-3", "2026-10-09T12:00", 240, "2026-10-09T12:04")
    house.count()
    for close, now in (("2026-10", "2026-11-09"), ("2026-11", "2026-12-09"), ("2026-12", "2027-01-09")):
        house.close(close, now)
    house.close("2027-01", "2027-02-09")
    # half of all listening: 10080 / 2 at final
    assert balances(house, "unassigned") == {"unassigned:s-3 EUR": 5040}
    house.finance(splits=SPLITS + "s-3,p1,1,2027-02-01,\ns-3,p2,2,2027-02-01,\n")
    house.close("2027-02", "2027-03-09")
    assert house.postings("assign") == {
        ("unassigned:s-3", "s-3"): -5040, ("payable:p1", "s-3"): 1680, ("payable:p2", "s-3"): 3360,
    }  # fmt: skip
    assert statement(house, "p1", "2027-02")["assigned"] == 1680
    (row,) = (
        row for row in house.rows("gold/statements") if (row["payee_id"], row["settlement_period"]) == ("p1", "2027-02")
    )
    assert [(line["show_id"], line["period"], line["assigned_minor"]) for line in row["lines"]] == [
        ("s-3", "2026-10", 1680)
    ]
