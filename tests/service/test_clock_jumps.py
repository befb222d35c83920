"""The clock of a running service jumps back and forth: nothing that was answered is lost, late or counted anew."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.conftest import listener
from tests.service.devices import new_device
from tests.service.jumping import DAY_S, HOUR_S, Clock
from tests.service.running import Place, Service, wait_until
from tests.service.test_dialects import PLAY, basic

JUMPS_S = (0, 3 * HOUR_S, -2 * HOUR_S, 40 * DAY_S, -1, -30 * DAY_S, 0)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def jumping(clock: Clock, folder: Place) -> Place:
    """A place whose service goes by the clock."""
    folder.environment.update(clock.environment())
    return folder


def ids(place: Place) -> list[str]:
    return [record["id"] for line in place.landed() for record in line["body"]["records"]]


def hour(at_ms: int) -> str:
    return f"{dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC):%Y-%m-%d/%H}"


def test_a_sync_is_durable_dated_and_landed_by_the_clock_of_the_moment(
    start: Callable[..., Service], jumping: Place, clock: Clock
) -> None:
    service = start(jumping)
    landed: set[str] = set()
    with new_device(service) as device:
        records = [device.record(seq) for seq in range(1, len(JUMPS_S) + 1)]
        for off_s, record in zip(JUMPS_S, records, strict=True):
            clock.jump(off_s)
            before_ms = clock.now_ms()
            answer = device.send([record])
            assert (answer.status_code, answer.json()["results"]) == (200, {record["id"]: "stored"})
            assert before_ms <= answer.json()["received_ms"] <= clock.now_ms()
            wait_until(lambda: not service.unsealed(), what=f"the seal at {off_s:+d} s")
            (new,) = set(jumping.landed_names()) - landed
            landed.add(new)
            assert hour(before_ms) in new or hour(clock.now_ms()) in new
        assert sorted(ids(jumping)) == sorted(record["id"] for record in records)
        again = device.send(records).json()["results"]
        assert set(again.values()) == {"duplicate"}, "what was stored at another time is known all the same"
    wait_until(lambda: len(jumping.landed()) == len(JUMPS_S) + 1, what="the copies")
    assert len({line["receipt"] for line in jumping.landed()}) == len(JUMPS_S) + 1


def test_what_was_not_sealed_when_the_clock_went_back_lands_after_a_restart(
    start: Callable[..., Service], jumping: Place, clock: Clock
) -> None:
    clock.jump(5 * DAY_S)
    service = start(jumping, log_seal_s=3600)
    with new_device(service) as device:
        sent = [device.record(seq) for seq in (1, 2)]
        assert [device.send([one]).status_code for one in sent] == [200, 200]
        service.kill()
        clock.jump(-2 * HOUR_S)
        service.start()
        wait_until(lambda: not service.unsealed(), what="the seal")
        assert ids(jumping) == [one["id"] for one in sent]
        (name,) = jumping.landed_names()
        assert hour(clock.now_ms() - 60_000) in name or hour(clock.now_ms()) in name


def test_other_clients_hear_of_what_arrived_since_though_the_clock_went_back(
    start: Callable[..., Service], jumping: Place, clock: Clock
) -> None:
    service = start(jumping)
    account = listener(service)
    path = f"/api/2/episodes/{account['name']}.json"
    seen: list[Any] = []
    since = 0
    with service.client(auth=basic(account)) as client:
        for position, off_s in enumerate(JUMPS_S, 60):
            clock.jump(off_s)
            told = client.post(path, json=[{**PLAY, "position": position}])
            assert (told.status_code, told.json()["timestamp"] > since) == (200, True)
            found = client.get(path, params={"since": since}).json()
            seen += [one["position"] for one in found["actions"]]
            since = found["timestamp"]
    assert seen == list(range(60, 60 + len(JUMPS_S))), "each once, in the order of arrival"
    wait_until(lambda: len(jumping.landed()) == len(JUMPS_S), what="the raw lines")


def test_tokens_end_by_the_clock_and_begin_again_with_it(
    start: Callable[..., Service], jumping: Place, clock: Clock
) -> None:
    service = start(jumping, accounts_token_days=100)
    with new_device(service) as device:
        assert device.send([device.record(1)]).status_code == 200
        clock.jump(101 * DAY_S)
        refused = device.send([device.record(2)])
        assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
        with new_device(service) as later:
            assert later.send([later.record(1)]).status_code == 200
            clock.jump(-1 * DAY_S)
            assert [one.send([one.record(3)]).status_code for one in (device, later)] == [200, 200]
        service.stop()
    clock.jump(900 * DAY_S)  # a start at a wrong time, by which every token has ended long ago
    service.start()
    clock.jump(0)
    with service.client() as again:
        device.client = again
        assert device.send([device.record(4)]).status_code == 200


def test_allowances_go_by_no_wall_clock(start: Callable[..., Service], jumping: Place, clock: Clock) -> None:
    service = start(jumping, limits_device="2/3600")
    with new_device(service) as device:
        assert [device.send([device.record(seq)]).status_code for seq in (1, 2)] == [200, 200]
        for off_s in (0, 2 * HOUR_S, -2 * HOUR_S):
            clock.jump(off_s)
            answer = device.send([device.record(3)])
            assert (answer.status_code, 0 < int(answer.headers["retry-after"]) <= 1800) == (429, True)
        with new_device(service) as other:
            assert other.send([other.record(1)]).status_code == 200
    assert httpx.get(f"{service.url}/healthz").status_code == 200
