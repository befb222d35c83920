"""``podledger finance``: a set takes effect whole or not at all, and every set that was read is kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.finance.sheets import PAYEES, POOLS, SPLITS
from tests.properties.tables import rows, versions

EPISODE = {"episode_id": "e-1", "show_id": "s-1", "creator_id": "c-1", "duration_ms": 600_000}


@pytest.fixture
def finance(tmp_path: Path, podledger: Callable[..., Ran]) -> Callable[..., Ran]:
    """Puts files down for finance, in the place of those there, and reads them; a lake with two shows."""
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    (landing / "catalog").mkdir(parents=True)
    (landing / "finance").mkdir()
    episodes = [EPISODE, {**EPISODE, "episode_id": "e-2", "show_id": "007"}]
    (landing / "catalog" / "episodes.ndjson").write_text("\n".join(json.dumps(one) for one in episodes))
    assert podledger("land", "--landing", landing, "--lake", lake).code == 0

    def read(**files: str) -> Ran:
        for name, text in files.items():
            (landing / "finance" / f"{name}.csv").write_text(text, encoding="utf-8")
        return podledger("finance", "--landing", landing, "--lake", lake, "--now", "2026-11-08T09:00:00Z")

    return read


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


GOOD = {"payees": PAYEES, "splits": SPLITS, "pools": "\n".join(POOLS.splitlines()[:3]) + "\n"}


def sets(lake: Path) -> list[dict[str, Any]]:
    return sorted(rows(lake, "bronze/finance_sets"), key=lambda row: int(row["set_no"]))


def test_a_bad_set_is_refused_with_every_fault_and_the_one_before_stays(
    finance: Callable[..., Ran], lake: Path
) -> None:
    assert finance(**GOOD).code == 0
    bad = finance(splits=SPLITS.replace("ben", "eve").replace("007", "7"), pools=GOOD["pools"].replace("EUR", "EURO"))
    assert bad.code == 1
    assert [line.strip() for line in bad.out.splitlines() if ".csv:" in line] == [
        "pools.csv:2: currency: unknown currency 'EURO'; write a code of ISO 4217, like EUR",
        "pools.csv:3: currency: unknown currency 'EURO'; write a code of ISO 4217, like EUR",
        "splits.csv:3: unknown payee eve; add it to payees.csv",
        "splits.csv:5: unknown payee eve; add it to payees.csv",
        "splits.csv:5: unknown show '7'; leading zeros may have been lost, there is 007",
    ]
    assert "finance set 2 is refused for 5 faults, the one before stays in force" in bad.err
    first, second = sets(lake)
    assert (first["in_force"], second["in_force"], len(second["faults"])) == (True, False, 5)
    kept = {row["checksum"]: row["content"] for row in rows(lake, "bronze/finance_files")}
    assert kept[dict(first["files"])["splits.csv"]] == SPLITS.encode()
    assert len(kept) == 5  # payees did not change, and are kept once


def test_reading_again_changes_nothing_and_going_back_is_a_new_set(finance: Callable[..., Ran], lake: Path) -> None:
    assert finance(**GOOD).code == 0
    before = versions(lake)
    assert "nothing new" in finance().out
    assert versions(lake) == before
    assert finance(pools=GOOD["pools"].replace("-2500", "-2600")).code == 0
    assert finance(**GOOD).code == 0
    assert [(row["set_no"], row["in_force"]) for row in sets(lake)] == [(1, True), (2, True), (3, True)]
    assert sets(lake)[0]["checksum"] == sets(lake)[2]["checksum"]
    assert len(rows(lake, "bronze/finance_files")) == 4


def test_a_refused_set_is_judged_again_when_what_it_lacked_is_there(
    finance: Callable[..., Ran], lake: Path, tmp_path: Path, podledger: Callable[..., Ran]
) -> None:
    assert finance(**{**GOOD, "splits": SPLITS.replace("007", "s-3")}).code == 1
    assert finance().code == 1
    assert len(sets(lake)) == 1  # the same faults in the same files are no news
    catalogue = tmp_path / "landing" / "catalog" / "episodes.ndjson"
    catalogue.write_text(catalogue.read_text() + "\n" + json.dumps({**EPISODE, "episode_id": "e-3", "show_id": "s-3"}))
    assert podledger("land", "--landing", tmp_path / "landing", "--lake", lake).code == 0
    assert finance().code == 0
    assert [row["in_force"] for row in sets(lake)] == [False, True]


def test_a_payee_once_known_stays(finance: Callable[..., Ran]) -> None:
    assert finance(**GOOD).code == 0
    gone = finance(
        payees="\n".join(PAYEES.splitlines()[:2]) + "\n",
        splits=SPLITS.replace("ben", "ana").replace("s-1,ana,40", "007,ana,40"),
    )
    assert gone.code == 1
    assert "payees.csv: payee ben was known and is missing; once known, a payee stays" in gone.out


def test_without_a_folder_the_message_says_what_belongs_there(podledger: Callable[..., Ran], tmp_path: Path) -> None:
    ran = podledger("finance", "--landing", tmp_path, "--lake", tmp_path / "lake")
    assert ran.code == 1
    assert "put payees.csv, splits.csv and pools.csv there" in ran.err
