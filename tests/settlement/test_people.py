"""Who approves: one person is one approval at whichever door, and only Airflow's workers say who is at theirs."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.steps.money.people import system_user
from tests.conftest import Ran
from tests.settlement.house import BIN, DAEMON, NOBODY, SPLITS, House, new_house

OCTOBER = ("--period", "2026-10")
PEOPLE = """vouching = ["bin"]
[[person]]
name = "anna"
system = ["daemon"]
airflow = ["anna@example.org"]
[[person]]
name = "ben"
airflow = ["ben"]
"""


def vouched(house: House, command: str, airflow: object, *arguments: str, by: int = BIN) -> Ran:
    """The command as a worker of Airflow runs it, for that user."""
    with house.monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", io.StringIO(json.dumps({"airflow": airflow}) if airflow else "nothing"))
        return house.tried(command, *OCTOBER, "--vouched", *arguments, by=by)


@pytest.mark.spark
def test_who_approves_is_known_and_one_person(
    podledger: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = new_house(podledger, tmp_path, monkeypatch)
    people = tmp_path / "people.toml"
    people.write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("PODLEDGER_PATHS_PEOPLE", str(people))
    assert vouched(house, "settle", "cara").code == 0
    (settled,) = house.rows("gold/settlement_runs")
    assert settled["by"] == "airflow:cara", "whom nobody knows settles under the name that Airflow has"

    refused = [
        (vouched(house, "approve", "ben", by=NOBODY), 1, "may not say who somebody else is"),
        (vouched(house, "approve", None), 1, "--vouched wants"),
        (vouched(house, "approve", ["ben"]), 1, "is no user of Airflow"),
        (vouched(house, "approve", "cara"), 77, "Airflow's user cara is nobody whom conf/people.toml knows"),
        (house.tried("approve", *OCTOBER, by=BIN), 77, "bin runs Airflow's workers and is no person"),
        (vouched(house, "approve", "ben", "--draft", "2"), 1, "draft 2 of 2026-10 is void, there is draft 1"),
        (vouched(house, "reject", "cara", "--reason", "no"), 77, "Airflow's user cara is nobody whom"),
        (house.tried("reject", *OCTOBER, "--reason", "no", by=BIN), 77, "bin runs Airflow's workers and is no person"),
    ]
    for ran, code, said in refused:
        assert (ran.code, said in ran.err) == (code, True), ran.err
    assert vouched(house, "approve", "anna@example.org", "--draft", "1").code == 0
    again = house.tried("approve", *OCTOBER, by=DAEMON)
    assert (again.code, "anna approved this draft of 2026-10 already" in again.err) == (77, True)
    assert "has 1 of 2 approvals (so far anna)" in house.tried("post", *OCTOBER).err

    house.finance(splits=SPLITS.replace("p1,60", "p1,61"))
    void = vouched(house, "approve", "ben", "--draft", "1")
    assert (void.code, "the finance set was replaced since 2026-10 was settled" in void.err) == (1, True)
    house.finance(splits=SPLITS)
    assert vouched(house, "approve", "ben", "--draft", "1").code == 0
    house.run("post", *OCTOBER)
    by = {row["state"]: row["by"] for row in house.rows("gold/settlement_runs") if row["state"] != "approved"}
    assert by == {"settled": "airflow:cara", "posted": system_user()}
