"""A draft that a person rejects: written down with who, when and why, never posted, and settled anew."""

import datetime as dt
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs.lake import delta
from jobs.lake.store import Store
from jobs.tables import SETTLEMENT_RUNS, Column, Table
from tests.settlement.house import BIN, DAEMON, NOBODY, House

OCTOBER = ("--period", "2026-10")
WHY = ("--reason", "p2 gets\n  too much")
SAID = "draft 1 of 2026-10 was rejected by bin: p2 gets too much"


@pytest.mark.spark
def test_a_rejected_draft_is_not_posted_and_the_next_is_approved_anew(house: House) -> None:
    assert "is not settled yet" in house.tried("reject", *OCTOBER, *WHY, by=BIN).err
    house.run("settle", *OCTOBER)
    house.run("approve", *OCTOBER, by=DAEMON)
    assert "a rejection wants a reason" in house.tried("reject", *OCTOBER, "--reason", " ", by=BIN).err
    other = house.tried("reject", *OCTOBER, *WHY, "--draft", "2", by=BIN)
    assert "draft 2 of 2026-10 is void, there is draft 1" in other.err
    rejected = house.run("reject", *OCTOBER, *WHY, "--draft", "1", by=BIN)
    assert "draft 1 of 2026-10 rejected by bin: p2 gets too much; it cannot be posted" in rejected.out
    (row,) = [row for row in house.rows("gold/settlement_runs") if row["state"] == "rejected"]
    at = dt.datetime(2026, 11, 9, 6, tzinfo=dt.UTC)
    assert (row["by"], row["at"], row["draft_no"], row["reason"]) == ("bin", at, 1, "p2 gets too much")

    for refused in (
        house.tried("approve", *OCTOBER, by=NOBODY),
        house.tried("reject", *OCTOBER, *WHY, by=NOBODY),
        house.tried("post", *OCTOBER),
    ):
        assert (refused.code, SAID in refused.err) == (1, True), refused.err
    where = ("--landing", house.landing, "--lake", house.lake)
    told = "rejected   draft 1 of 2026-10 by bin: p2 gets too much; see docs/runbooks/close.md"
    assert told in house.podledger("status", *where).out
    assert SAID in house.run("reproduce", row["run_id"]).out

    again = house.run("settle", *OCTOBER).out
    assert f"{SAID}; this is draft 2" in again
    assert house.podledger("status", *where, "--json").json()["rejected_drafts"] == []
    assert "has 0 of 2 approvals" in house.tried("post", *OCTOBER).err
    for who in (DAEMON, BIN):  # who rejected a draft may find the next one right
        house.run("approve", *OCTOBER, by=who)
    assert "settled from this very input" in house.run("settle", *OCTOBER).out
    house.run("post", *OCTOBER)
    assert house.postings("accrual")["hold:p2", "s-2"] == 2394
    assert "is posted: there is nothing left to approve or to reject" in house.tried("reject", *OCTOBER, *WHY).err


def test_a_lake_of_an_earlier_release_learns_of_rejections(tmp_path: Path) -> None:
    def no_spark() -> SparkSession:
        raise AssertionError("no need of it")

    columns = tuple(
        Column(one.name, one.type, one.about, one_of=("settled", "posted")) if one.name == "state" else one
        for one in SETTLEMENT_RUNS.columns
        if one.name != "reason"
    )
    before = Table(SETTLEMENT_RUNS.name, SETTLEMENT_RUNS.about, columns, SETTLEMENT_RUNS.key)
    delta.create(tmp_path / before.name, before)
    store = Store(tmp_path, no_spark)
    store.ensure([SETTLEMENT_RUNS])
    table = DeltaTable(str(tmp_path / before.name))
    assert [field.name for field in table.schema().fields] == SETTLEMENT_RUNS.column_names
    assert table.metadata().configuration["delta.constraints.state"] == SETTLEMENT_RUNS.constraints["state"]
    store.ensure([SETTLEMENT_RUNS])
    assert DeltaTable(str(tmp_path / before.name)).version() == table.version()
