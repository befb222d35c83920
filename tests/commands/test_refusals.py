"""Bad input and bad places: a clear error that names the remedy, the right exit code, nothing half done."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake

from jobs.lake.lock import exclusive
from jobs.lake.parts import Part
from jobs.lake.store import Store
from jobs.tables import LISTENS, Table
from tests.conftest import EDGES, Ran
from tests.properties.tables import content, rows, versions

LATER_LINE = (
    b'{"v": 1, "receipt": "later", "received_ms": 1791201660000, "dialect": "rad/1", "body": {"audioSessions": []}}'
)


def add_file(landing: Path, name: str, data: bytes) -> Path:
    path = landing / "sync" / "2026-10-15" / "00" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def published(lake: Path) -> str:
    return (lake / "_published" / "current.json").read_text(encoding="utf-8")


def test_an_unknown_setting_is_named(podledger: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODLEDGER_SPARK_SPEED", "11")
    ran = podledger("status")
    assert ran.code == 1
    assert "unknown setting PODLEDGER_SPARK_SPEED" in ran.err


def test_a_setting_of_the_wrong_type_is_named(podledger: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODLEDGER_LOCK_WAIT_S", "soon")
    ran = podledger("status")
    assert ran.code == 1
    assert "lock_wait_s wants int" in ran.err


def test_a_missing_landing_folder_is_named(podledger: Callable[..., Ran], tmp_path: Path) -> None:
    ran = podledger("run", "--landing", tmp_path / "nowhere", "--lake", tmp_path / "lake")
    assert ran.code == 1
    assert "nowhere" in ran.err
    assert "--landing" in ran.err


@pytest.mark.parametrize("arguments", [("land", "--hour", "noon"), ("replay", "--from", "yesterday")])
def test_arguments_that_mean_nothing_are_refused_at_the_door(
    podledger: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as refused:
        podledger(*arguments)
    assert refused.value.code == 2


def test_a_lake_of_a_newer_version_is_left_alone(podledger: Callable[..., Ran], tmp_path: Path, landing: Path) -> None:
    state = tmp_path / "lake" / "_state" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"format": 99}), encoding="utf-8")
    ran = podledger("run", "--landing", landing, "--lake", tmp_path / "lake")
    assert ran.code == 1
    assert "newer version" in ran.err
    assert json.loads(state.read_text(encoding="utf-8")) == {"format": 99}


def test_a_published_lake_without_its_state_is_left_alone(
    podledger: Callable[..., Ran], tmp_path: Path, landing: Path
) -> None:
    current = tmp_path / "lake" / "_published" / "current.json"
    current.parent.mkdir(parents=True)
    current.write_text(json.dumps({"publication": 1, "at_ms": 0, "tables": {}}), encoding="utf-8")
    ran = podledger("run", "--landing", landing, "--lake", tmp_path / "lake")
    assert ran.code == 1
    assert "restore it from a backup" in ran.err
    assert not (tmp_path / "lake" / "bronze").exists()


def test_a_second_command_waits_then_gives_up(
    podledger: Callable[..., Ran], tmp_path: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODLEDGER_LOCK_WAIT_S", "0")
    with exclusive(tmp_path / "lake", "run", 0, print):
        ran = podledger("run", "--landing", landing, "--lake", tmp_path / "lake")
        held = podledger("status", "--landing", landing, "--lake", tmp_path / "lake", "--json").json()
    assert ran.code == 75
    assert "in use by `podledger run`" in ran.err
    assert "podledger run" in held["busy_with"]
    after = podledger("status", "--landing", landing, "--lake", tmp_path / "lake", "--json").json()
    assert after["busy_with"] is None


def test_a_session_that_outlives_its_command_keeps_the_lake(
    podledger: Callable[..., Ran], tmp_path: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed command leaves its Java process for a moment; nobody else may write until that is gone, too."""
    monkeypatch.setenv("PODLEDGER_LOCK_WAIT_S", "0")
    held = tmp_path / "lake" / "_state" / "session.lock"
    held.parent.mkdir(parents=True)
    code = (
        "import fcntl, sys; f = open(sys.argv[1], 'a+'); fcntl.lockf(f, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(held)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        ran = podledger("run", "--landing", landing, "--lake", tmp_path / "lake")
        other.communicate("")
    assert ran.code == 75


@pytest.mark.spark
def test_without_a_catalogue_the_run_stops_and_says_so(
    podledger: Callable[..., Ran], tmp_path: Path, landing: Path
) -> None:
    (landing / "catalog" / "episodes.ndjson").unlink()
    ran = podledger("run", "--landing", landing, "--lake", tmp_path / "lake")
    assert ran.code == 1
    assert "no catalogue is in force" in ran.err
    assert not (tmp_path / "lake" / "_published").exists()


@pytest.mark.spark
def test_a_half_written_catalogue_is_refused_whole(
    podledger: Callable[..., Ran], own_lake: Path, landing: Path
) -> None:
    before = content(own_lake, ("bronze/episodes", "silver/events"))
    text = (EDGES / "later" / "episodes.ndjson").read_bytes()
    (landing / "catalog" / "episodes.ndjson").write_bytes(text[: len(text) // 2])
    ran = podledger("run", "--landing", landing, "--lake", own_lake)
    assert ran.code == 0
    assert "catalogue refused, the one before stays" in ran.out
    assert content(own_lake, ("bronze/episodes", "silver/events")) == before
    assert podledger("status", "--landing", landing, "--lake", own_lake, "--json").json()["catalogue"]["faults"]


@pytest.mark.spark
def test_a_damaged_file_is_set_aside_and_looked_at_again_when_it_changes(
    podledger: Callable[..., Ran], own_lake: Path, landing: Path
) -> None:
    whole = gzip.compress(LATER_LINE + b"\n")
    cut = add_file(landing, "cut.ndjson.gz", whole[:-9])
    add_file(landing, "no.ndjson.gz", b"no gzip at all")
    ran = podledger("land", "--landing", landing, "--lake", own_lake)
    assert ran.code == 0, ran.err
    assert "set aside sync/2026-10-15/00/cut.ndjson.gz" in ran.out
    files = {row["path"]: row["state"] for row in rows(own_lake, "bronze/landed_files")}
    assert files["sync/2026-10-15/00/cut.ndjson.gz"] == files["sync/2026-10-15/00/no.ndjson.gz"] == "damaged"
    batches = len(rows(own_lake, "bronze/sync_batches"))
    cut.write_bytes(whole)
    assert podledger("land", "--landing", landing, "--lake", own_lake).code == 0
    assert len(rows(own_lake, "bronze/sync_batches")) == batches + 1


@pytest.mark.spark
def test_a_table_that_somebody_else_changed_stops_the_run_and_is_repaired(
    podledger: Callable[..., Ran], own_lake: Path, landing: Path
) -> None:
    add_file(landing, "more.ndjson.gz", gzip.compress(LATER_LINE))
    table = DeltaTable(str(own_lake / "silver" / "rejected"))
    good = content(own_lake, ("silver/rejected",))
    write_deltalake(table, table.to_pyarrow_table().slice(0, 1), mode="append")
    before = published(own_lake)
    ran = podledger("run", "--landing", landing, "--lake", own_lake)
    assert ran.code == 1
    assert "silver/rejected: somebody else changed it" in ran.err
    assert published(own_lake) == before
    assert podledger("repair", "silver/rejected", "--landing", landing, "--lake", own_lake).code == 0
    assert podledger("run", "--landing", landing, "--lake", own_lake).code == 0
    assert content(own_lake, ("silver/rejected",)) == good


@pytest.mark.spark
def test_a_failed_gate_leaves_what_is_published(
    podledger: Callable[..., Ran], own_lake: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listens that were lost stand in for any fault of ours: the gate must catch it before readers do."""

    def lose_listens(store: Store, table: Table, parts: Sequence[Part], *rest: object, **named: object) -> None:
        put(store, table, [] if table is LISTENS else parts, *rest, **named)

    add_file(landing, "more.ndjson.gz", (EDGES / "landing/sync/2026-10-05/12/part-0.ndjson.gz").read_bytes())
    catalogue = landing / "catalog" / "episodes.ndjson"
    catalogue.write_text(catalogue.read_text(encoding="utf-8").replace("600000", "600001"), encoding="utf-8")
    before, state = published(own_lake), versions(own_lake)
    put: Any = Store.put
    monkeypatch.setattr(Store, "put", lose_listens)
    ran = podledger("run", "--landing", landing, "--lake", own_lake)
    assert ran.code == 1
    assert "the gate is closed" in ran.err
    assert "docs/runbooks/gate.md" in ran.err
    assert published(own_lake) == before
    assert state.keys() == versions(own_lake).keys()


@pytest.mark.spark
def test_a_full_disk_says_what_to_do(podledger: Callable[..., Ran], tmp_path: Path, landing: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk]).returncode:
        pytest.skip("a small disk can only be made by root")
    try:
        ran = podledger("run", "--landing", landing, "--lake", disk / "lake")
        assert ran.code == 75
        assert "the disk is full" in ran.err
    finally:
        subprocess.run(["umount", disk], check=True)
    shutil.rmtree(disk)
