"""What commands do: late records restated, days replayed, tables maintained, and looking at it all."""

import gzip
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import EDGES, Ran
from tests.properties.tables import content, rows, versions
from tests.records.made import RECEIVED_MS, body, envelope, made_id, progress, text_of

DAY_MS = 86_400_000


def late_line(device: str, start_ms: int, seq: int) -> bytes:
    """A batch that comes a week later than what it tells of."""
    record = progress(episode_id="ep-600", seq=seq, from_ms=start_ms, to_ms=start_ms + 40_000)
    record |= {"id": made_id(record, device_id=device)}
    received = RECEIVED_MS + 7 * DAY_MS
    content_ = body(record, device_id=device, sent={"wall_ms": received})
    return text_of(envelope(content_, device_id=device, received_ms=received, receipt="late"))


def land_late(landing: Path, *lines: bytes, hour: str = "12") -> None:
    path = landing / "sync" / "2026-10-12" / hour / "late.ndjson.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(b"\n".join(lines)))


@pytest.mark.spark
def test_a_late_record_is_restated_with_before_and_after(
    podledger: Callable[..., Ran], own_lake: Path, landing: Path
) -> None:
    land_late(landing, late_line("d-good", 100_000, seq=900), late_line("d-new", 0, seq=1))
    ran = podledger("run", "--landing", landing, "--lake", own_lake)
    assert ran.code == 0, ran.err
    restated = sorted(rows(own_lake, "gold/restatements"), key=lambda row: row["before"] is None)
    assert [row["why"] for row in restated] == ["late", "late"]
    before, after = json.loads(restated[0]["before"]), json.loads(restated[0]["after"])
    assert after["heard_ms"] - before["heard_ms"] == 40_000
    assert restated[1]["before"] is None
    assert {(row["published_before"], row["published_after"]) for row in restated} == {(1, 2)}
    assert {str(row["listen_day"]) for row in restated} == {"2026-10-05"}
    land_late(landing, late_line("d-other", 0, seq=1), hour="13")
    ran = podledger("run", "--landing", landing, "--lake", own_lake)
    assert ran.code == 0, ran.err
    assert len(rows(own_lake, "gold/restatements")) == 3


@pytest.mark.spark
def test_a_second_run_changes_nothing(podledger: Callable[..., Ran], own_lake: Path) -> None:
    before = versions(own_lake)
    ran = podledger("run", "--landing", EDGES / "landing", "--lake", own_lake, "--json")
    assert ran.code == 0
    assert ran.json()["news"] is False
    assert versions(own_lake) == before


LOADED = """
import sys
from jobs.cli import main
code = main(sys.argv[1:])
print(code, *sorted({"great_expectations", "pandas", "pyspark"} & sys.modules.keys()), file=sys.stderr)
"""


@pytest.mark.spark
@pytest.mark.parametrize("command", [("status",), ("show", "listens"), ("run",)])
def test_what_has_no_work_loads_nothing_heavy(own_lake: Path, command: tuple[str, ...]) -> None:
    where = ["--lake", str(own_lake), *([] if command[0] == "show" else ["--landing", str(EDGES / "landing")])]
    asked = [sys.executable, "-c", LOADED, *command, *where]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stderr.strip() == "0"


@pytest.mark.spark
def test_a_replayed_day_is_as_it_was(podledger: Callable[..., Ran], own_lake: Path, landing: Path) -> None:
    before, listens = versions(own_lake), content(own_lake, ("silver/listens",))
    ran = podledger("replay", "--from", "2026-10-01", "--to", "2026-10-06", "--landing", landing, "--lake", own_lake)
    assert ran.code == 0, ran.err
    assert content(own_lake, ("silver/listens",)) == listens
    assert versions(own_lake)["silver/listens"] == before["silver/listens"]


@pytest.mark.spark
def test_a_replay_leaves_new_events_to_the_listens(
    podledger: Callable[..., Ran], own_lake: Path, landing: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(own_lake, tmp_path / "other")
    land_late(landing, late_line("d-new", 0, seq=1))
    days = ("--from", "2026-10-01", "--to", "2026-10-06")
    for command in (["land"], ["count"], ["replay", *days], ["run"]):
        ran = podledger(*command, "--landing", landing, "--lake", own_lake)
        assert ran.code == 0, ran.err
    assert podledger("run", "--landing", landing, "--lake", other).code == 0
    assert content(own_lake, ("silver/listens",)) == content(other, ("silver/listens",))
    assert played(own_lake) == played(other)


def played(lake: Path) -> Counter[tuple[str, str]]:
    """What each device played a day, ms, by the rows that add up to it."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows(lake, "silver/device_days"):
        sums[row["device_id"], str(row["day"])] += row["played_ms"]
    return sums


@pytest.mark.spark
def test_maintenance_keeps_content_and_published_versions(
    podledger: Callable[..., Ran], own_lake: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODLEDGER_MAINTAIN_SMALL_FILES", "0")
    land_late(landing, late_line("d-new", 0, seq=1))
    assert podledger("run", "--landing", landing, "--lake", own_lake).code == 0
    before = content(own_lake)
    ran = podledger("maintain", "--landing", landing, "--lake", own_lake, "--json")
    assert ran.code == 0, ran.err
    assert ran.json()["steps"][0]["figures"]["tables_compacted"] > 0
    assert ran.json()["publication"] == 3
    assert content(own_lake) == before
    later = podledger("maintain", "--now", "2099-01-01T00:00:00Z", "--landing", landing, "--lake", own_lake, "--json")
    assert later.code == 0, later.err
    assert later.json()["steps"][0]["figures"]["results_let_go"] > 0
    assert content(own_lake) == before
    docs = own_lake / "_published" / "data_docs"
    assert all(any(folder.iterdir()) for folder in docs.rglob("*") if folder.is_dir())  # none is left of earlier checks
    assert podledger("run", "--landing", landing, "--lake", own_lake, "--json").json()["news"] is False
    assert podledger("show", "listens", "--lake", own_lake, "--json").json()["rows"]


@pytest.mark.spark
def test_what_is_counted_without_its_listens_is_left_to_a_later_publication(
    podledger: Callable[..., Ran], own_lake: Path, landing: Path
) -> None:
    where = ("--landing", landing, "--lake", own_lake)
    land_late(landing, late_line("d-new", 0, seq=1))
    assert podledger("land", *where).code == 0
    assert podledger("publish", *where, "--json").json()["publication"] == 1
    assert podledger("count", *where).code == 0
    ran = podledger("publish", *where)
    assert "left to a later run, listens is behind" in ran.out
    assert podledger("status", *where, "--json").json()["published"]["publication"] == 1
    assert podledger("listens", *where).code == 0
    assert podledger("publish", *where, "--json").json()["publication"] == 2
    assert podledger("validate", "--whole", *where).code == 0


@pytest.mark.spark
def test_status_says_how_the_lake_stands(podledger: Callable[..., Ran], published_lake: Path, landing: Path) -> None:
    land_late(landing, late_line("d-new", 0, seq=1))
    found = podledger("status", "--landing", landing, "--lake", published_lake, "--json").json()
    assert found["published"]["publication"] == 1
    assert found["pending"] == []
    assert found["catalogue"] == {"in_force": True, "faults": []}
    assert found["landing"]["waiting"] >= 1
    assert "publication 1" in podledger("status", "--landing", landing, "--lake", published_lake).out


@pytest.mark.spark
def test_show_gives_rows_of_a_day(podledger: Callable[..., Ran], published_lake: Path) -> None:
    ran = podledger("show", "listens", "--day", "2026-10-04", "--lake", published_lake, "--json")
    assert [row["listener_id"] for row in ran.json()["rows"]] == ["d-c-midnight"]
    assert "d-c-midnight" in podledger("show", "listens", "--day", "2026-10-04", "--lake", published_lake).out


@pytest.mark.spark
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "nothing"), "there is no table"),
        (("show", "runs", "--day", "2026-10-04"), "has no day"),
        (("show", "runs", "--period", "2026-10"), "has no month"),
        (("show", "ledger"), "there is no gold/ledger in"),
    ],
)
def test_show_refuses_what_it_cannot_show(
    podledger: Callable[..., Ran], published_lake: Path, arguments: tuple[str, ...], says: str
) -> None:
    ran = podledger(*arguments, "--lake", published_lake)
    assert ran.code == 1
    assert says in ran.err


def test_nothing_published_yet_is_said(podledger: Callable[..., Ran], tmp_path: Path) -> None:
    ran = podledger("show", "listens", "--lake", tmp_path)
    assert ran.code == 1
    assert "nothing is published" in ran.err
