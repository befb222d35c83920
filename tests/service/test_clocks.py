"""Clocks that jump: nothing that must grow goes back with them."""

from pathlib import Path

import pytest

from service.accounts.models import Account
from service.db.database import open_database
from service.db.migrate import migrate
from service.gpodder.store import next_stamp
from service.landing import LandingFolder
from service.log.sealer import Sealer
from service.log.segments import OPEN, Segment, framed
from service.metrics import Metrics
from service.settings import read_settings
from tests.service.running import wait_until


def test_stamps_grow_while_the_clock_goes_back(tmp_path: Path) -> None:
    database = open_database(read_settings({}, {"data": {"folder": tmp_path}}))
    migrate(database)
    with database.write() as session:
        session.add(Account(id="a", kind="listener", name="ana", password_hash="x", pseudonym="p", created_ms=0))
    seen = []
    for now_ms in (1_795_000_000_000, 1_795_000_000_500, 1_700_000_000_000, 0, 1_795_000_100_000):
        with database.write() as session:
            seen.append(next_stamp(session, "a", now_ms))
    assert seen == [1_795_000_000, 1_795_000_001, 1_795_000_002, 1_795_000_003, 1_795_000_100]
    database.close()


def test_segments_of_one_millisecond_have_their_own_names(tmp_path: Path) -> None:
    segments = [Segment(tmp_path, now_ms) for now_ms in (1000, 1000, -5)]
    for segment in segments:
        segment.append([framed(b"{}")])
        segment.close()
    assert len(list(tmp_path.glob(f"*{OPEN}"))) == 3


@pytest.mark.parametrize("jumps", [("2026-11-23T05", "2026-11-23T04"), ("2026-12-31T23", "2027-01-01T00")])
def test_a_segment_is_sealed_once_though_the_hour_changes(tmp_path: Path, jumps: tuple[str, str]) -> None:
    """The clock jumps between an attempt that failed and the next: the plan follows, and there is one file."""
    hours = iter(jumps)
    (tmp_path / "log").mkdir()
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "sync").write_text("in the way")
    segment = Segment(tmp_path / "log", 1000)
    segment.append([framed(b'{"n":1}')])
    segment.close()
    metrics = Metrics()
    sealer = Sealer(LandingFolder(landing), metrics, lambda: next(hours))
    sealer.start(tmp_path / "log")
    wait_until(lambda: metrics.registry.get_sample_value("podledger_log_seal_failures_total"), what="a failure")
    (landing / "sync").unlink()
    wait_until(lambda: sealer.pending == 0, what="the seal")
    sealer.stop(10)
    (file,) = landing.rglob("*.ndjson.gz")
    assert file.relative_to(landing).parts[1:3] == tuple(jumps[1].split("T"))
