"""The demo without its Airflow: a week is laid, phones sync through a killed service, and the verdict can be no."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from demo.listening import HABITS
from demo.live import through_the_service
from demo.phones import Played
from demo.platform import Platform
from demo.summary import as_text, compare
from demo.week import lay
from tests.conftest import EDGES, Ran
from tests.service.running import PODLEDGER


def test_a_week_is_laid_once_and_its_catalogue_is_not_put_back(tmp_path: Path, landing: Path) -> None:
    mine = tmp_path / "demo" / "landing"
    files = len(list(landing.glob("sync/*/*/*.ndjson.gz")))
    assert lay(landing, mine) == files > 0
    (mine / "catalog" / "episodes.ndjson").write_bytes(b"the service's\n")
    assert lay(landing, mine) == 0
    assert (mine / "catalog" / "episodes.ndjson").read_bytes() == b"the service's\n"
    (landing / "catalog" / "episodes.ndjson").write_bytes(b"another\n")
    assert lay(landing, mine) == 0
    assert (mine / "catalog" / "episodes.ndjson").read_bytes() == b"another\n"


@pytest.mark.spark
def test_what_is_counted_is_what_was_played(podledger: Callable[..., Ran], own_lake: Path, tmp_path: Path) -> None:
    folder, said = tmp_path / "demo", list[str]()
    folder.mkdir()
    lay(EDGES / "landing", folder / "landing")
    platform = Platform(folder / "service", folder / "landing", str(PODLEDGER))
    with platform:
        played = through_the_service(platform, folder, said.append)
        again = through_the_service(platform, folder, said.append)
    assert again == played
    assert sum("kill -9" in line for line in said) == 1
    assert (played.downloads, played.sittings) == (15, sum(len(habit.sittings) for habit in HABITS))
    assert all(played.happened[kind] for kind in ("lost request", "lost answer", "cut"))
    ran = podledger("run", "--landing", folder / "landing", "--lake", own_lake)
    assert ran.code == 0, ran.err
    found = compare(played, own_lake)
    assert found.differences == []
    assert found.copies >= found.events == played.records
    assert "equal to what was played" in as_text(played, found)
    first, *others = played.truth
    wrong = Played(**{**played.as_json(), "truth": [{**first, "played_ms": first["played_ms"] + 1}, *others]})
    (difference,) = compare(wrong, own_lake).differences
    assert first["episode_id"] in difference
    missing = replace(played, truth=others, records=played.records + 1)
    assert len(compare(missing, own_lake).differences) == 2
