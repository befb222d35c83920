"""Disks that are full or read-only, storage that is away, torn segments: 503 and later, never a lost record."""

import json
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from service.log.segments import framed, read_segment
from tests.service.devices import Device, new_device
from tests.service.disks import read_only, small_disk
from tests.service.running import Place, Service, wait_until
from tests.service.storage import Weed, running_weed


def landed_ids(service: Service) -> list[str]:
    return [record["id"] for line in service.place.landed() for record in line["body"]["records"]]


def assert_not_taken(device: Device, seq: int) -> None:
    answer = device.send([device.record(seq)])
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text


def test_a_full_disk(start: Callable[..., Service], folder: Place) -> None:
    def no_file_beyond_a_limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    service = start(folder, no_file_beyond_a_limit, log_seal_s=3600)
    with new_device(service) as device:
        taken: list[str] = []
        for seq in range(1, 2000, 400):
            records = [device.record(one) for one in range(seq, seq + 400)]
            answer = device.send(records)
            if answer.status_code != 200:
                break
            taken.extend(record["id"] for record in records)
        assert taken
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        # what is small enough still fits: the half-written batch was taken back
        assert device.send([device.record(3000)]).status_code == 200
        taken.append(device.record(3000)["id"])
        service.kill()
    service.before = None
    service.start()
    wait_until(lambda: not service.unsealed(), what="the seal")
    assert sorted(landed_ids(service)) == sorted(taken)


def test_a_disk_with_too_little_left(start: Callable[..., Service], folder: Place) -> None:
    service = start(folder, log_reserve_bytes=2**60)
    with new_device(service) as device:
        assert_not_taken(device, 1)
        assert service.metric("podledger_log_refused_total") == 1


def test_a_disk_that_becomes_read_only_and_back(start: Callable[..., Service], folder: Place, tmp_path: Path) -> None:
    with small_disk(tmp_path / "data0" / "log", 8) as remount:
        service = start(folder, log_reserve_bytes=0, log_seal_s=0.1)
        with new_device(service) as device:
            assert device.send([device.record(1)]).status_code == 200
            wait_until(lambda: not service.unsealed(), what="the seal")
            remount("ro")
            assert_not_taken(device, 2)
            remount("rw")
            assert device.send([device.record(2)]).status_code == 200
            wanted = sorted(device.record(seq)["id"] for seq in (1, 2))
        wait_until(lambda: sorted(landed_ids(service)) == wanted, what="both records")
        service.kill()


def test_a_start_where_nothing_can_be_written_says_so(folder: Place, tmp_path: Path) -> None:
    service = Service(tmp_path / "data", folder)
    service.data.mkdir()
    with read_only(service.data), pytest.raises(AssertionError, match="the service ended"):
        service.start()
    assert service.process is not None
    assert service.process.returncode == 75
    assert "docs/runbooks/service.md" in service.said()
    assert "Traceback" not in service.said()


def test_a_landing_folder_that_cannot_be_written(start: Callable[..., Service], folder: Place, tmp_path: Path) -> None:
    blocked = tmp_path / "landing" / "sync"
    blocked.parent.mkdir()
    blocked.write_text("in the way")
    service = start(folder, log_seal_s=0.05)
    with new_device(service) as device:
        assert device.send([device.record(1)]).status_code == 200, "a landing folder that is away keeps nobody waiting"
        wait_until(lambda: service.metric("podledger_log_seal_failures_total") > 0, what="a failed seal")
        assert service.metric("podledger_log_unsealed_segments") >= 1
        blocked.unlink()
        wait_until(lambda: landed_ids(service) == [device.record(1)["id"]], what="the record")
        wait_until(lambda: not service.unsealed(), what="the end of the segment")
        assert service.metric("podledger_log_unsealed_segments") == 0


def test_object_storage_away(start: Callable[..., Service], tmp_path: Path, postgres: str) -> None:
    from tests.service.conftest import make_bucket_place

    with running_weed(tmp_path / "weed") as weed:
        assert isinstance(weed, Weed)
        service = start(make_bucket_place(postgres, weed), log_seal_s=0.05, s3_timeout_s=1)
        with new_device(service) as device:
            assert device.send([device.record(1)]).status_code == 200
            wait_until(lambda: not service.unsealed(), what="the seal")
            os.kill(weed.process.pid, 19)  # SIGSTOP: it is there and does not answer
            assert device.send([device.record(2)]).status_code == 200
            wait_until(lambda: service.metric("podledger_log_seal_failures_total") > 0, 60, "a failed seal")
            os.kill(weed.process.pid, 18)
            wanted = sorted(device.record(seq)["id"] for seq in (1, 2))
            wait_until(lambda: not service.unsealed(), 60, "the seal")
            assert sorted(landed_ids(service)) == wanted


def test_the_database_away(start: Callable[..., Service], weed: Weed) -> None:
    from tests.service.conftest import make_bucket_place
    from tests.service.storage import running_postgres

    with running_postgres() as url:
        service = start(make_bucket_place(url, weed), database_wait_s=2)
        with new_device(service) as device:
            assert device.send([device.record(1)]).status_code == 200
    with service.client() as client:
        for answer in (client.get("/healthz"), client.get("/v1/account", headers={"Authorization": "Bearer pl_x"})):
            assert answer.status_code == 503, answer.text
            assert answer.json()["type"] == "urn:podledger:problem:database_away"
            assert answer.headers["retry-after"]
    # a device that is known goes on: its token is remembered for a moment
    with service.client() as again:
        device.client = again
        assert device.send([device.record(2)]).status_code == 200


def test_a_torn_tail_and_a_damaged_middle(start: Callable[..., Service], folder: Place) -> None:
    service = start(folder, log_seal_s=3600)
    with new_device(service) as device:
        for seq in (1, 2, 3):
            assert device.send([device.record(seq)]).status_code == 200
        service.kill()
        (segment,) = service.unsealed()
        whole = read_segment(segment)
        assert (len(whole.lines), whole.torn_bytes, whole.damaged_bytes) == (3, 0, 0)
        first, second, third = (framed(line) for line in whole.lines)
        damaged = second.replace(b"progress", b"prog\x00ess")
        segment.write_bytes(first + damaged + third + framed(b"never answered")[:-3])
        service.start()
        wait_until(lambda: not service.unsealed(), what="the seal")
        assert landed_ids(service) == [device.record(seq)["id"] for seq in (1, 3)]
    kept = list((service.data / "log" / "damaged").iterdir())
    assert len(kept) == 1
    assert "docs/runbooks/service-log.md" in service.said()


@pytest.mark.parametrize("moment", ["before the file is there", "after the file is there"])
def test_killed_while_sealing(start: Callable[..., Service], folder: Place, moment: str) -> None:
    service = start(folder, log_seal_s=3600)
    with new_device(service) as device:
        assert device.send([device.record(1)]).status_code == 200
        service.kill()
        (segment,) = service.unsealed()
        planned = segment.with_name(f"{segment.name.removesuffix('.open')}.2026-11-01T05.closed")
        segment.rename(planned)
        if moment == "after the file is there":
            import gzip

            content = gzip.compress(b"".join(line + b"\n" for line in read_segment(planned).lines))
            folder.landing.put(f"sync/2026-11-01/05/{segment.name.removesuffix('.open')}.ndjson.gz", content)
        service.start()
        wait_until(lambda: not service.unsealed(), what="the seal")
        assert landed_ids(service) == [device.record(1)["id"]], "once, wherever it was killed"


def test_one_log_has_one_service(start: Callable[..., Service], folder: Place) -> None:
    service = start(folder)
    second = Service(service.data, folder)
    with pytest.raises(AssertionError, match="another service has this log open"):
        second.start()
    assert second.process is not None
    assert second.process.returncode == 1


def test_a_full_queue_turns_clients_away(start: Callable[..., Service], folder: Place) -> None:
    service = start(folder, log_queue_batches=0)
    with new_device(service) as device:
        assert_not_taken(device, 1)


def test_a_stop_seals_everything(start: Callable[..., Service], place: Place) -> None:
    service = start(place, log_seal_s=3600)
    with new_device(service) as device:
        assert device.send([device.record(1)]).status_code == 200
        assert service.unsealed()
        service.stop()
        assert not service.unsealed()
        assert landed_ids(service) == [device.record(1)["id"]]
        (name,) = place.landed_names()
        line = json.loads(place.landed_lines()[0])
        assert name.startswith("sync/")
        assert line["received_ms"] > 0
