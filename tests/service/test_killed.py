"""``kill -9`` at random moments under many syncing devices: nothing answered is lost, and listens are what was heard.

The devices send what the simulator's wrote, through the reference client; what landed goes through the jobs, and the
published listens are held against the simulator's truth.
"""

import logging
import os
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.golden.expected import rows_by_deltalake
from tests.service.conftest import listener
from tests.service.phones import Phone
from tests.service.running import PODLEDGER, Place, Service, wait_until
from tests.service.simulated import Simulation, simulation

pytestmark = pytest.mark.spark

log = logging.getLogger(__name__)

DEVICES = 32
QUIET = 8  # of the simulated ones that may not listen at all on so few days
SEED = 20261123
SEGMENT_BYTES = 40_000  # small ones, so that kills meet sealing as often as appending
EXACT = ("heard_ms", "played_ms", "offline_ms", "sessions", "completed", "status")
LONGEST_LULL_S = 2.0  # after which a kill may meet nobody
MOST_CLOCK_ERROR_MS = 60_000  # of a simulated phone's clock


class Kills:
    """How far the kills are, and the moments they met."""

    def __init__(self, kills: int) -> None:
        self.kills, self.done = kills, 0
        self.busy = 0
        self.up = threading.Event()

    def allowed(self) -> float:
        """The part of its plan that a device may have written: a like one before each kill and after the last."""
        return (self.done + 1) / (self.kills + 1)

    def run(self, service: Service, phones: list[Phone]) -> None:
        chosen = random.Random(SEED)
        self.up.set()
        began = time.monotonic()
        for number in range(1, self.kills + 1):
            self._wait_for_a_moment(phones, chosen.random())
            under_way = sum(phone.sent.under_way for phone in phones)
            self.up.clear()
            service.kill()
            self.busy += under_way > 0
            service.start()
            self.done = number
            self.up.set()
            log.info(
                "kill %d of %d, %.0f s: %d requests were under way; up again, %d records acknowledged so far",
                *(number, self.kills, time.monotonic() - began, under_way, acknowledged(phones)),
            )

    def _wait_for_a_moment(self, phones: list[Phone], part: float) -> None:
        """Until so large a part of what may be sent before this kill is acknowledged, and more is under way."""
        before = acknowledged(phones)
        may = sum(round(len(phone.plan.records) * self.allowed()) for phone in phones)
        moment = before + round(part * (may - before))
        wait_until(lambda: acknowledged(phones) >= moment, 120, "the moment of the kill")
        end = time.monotonic() + LONGEST_LULL_S
        while not any(phone.sent.under_way for phone in phones) and time.monotonic() < end:
            threading.Event().wait(0.001)  # a look, not a wait: requests take milliseconds


def acknowledged(phones: list[Phone]) -> int:
    """How many records were answered 200 so far."""
    return sum(len(phone.sent.acknowledged) for phone in phones)


def assert_nothing_lost(place: Place, phones: list[Phone]) -> Counter[str]:
    """How often each record landed: at least as often as it was acknowledged, at most as often as it was sent."""
    landed: Counter[str] = Counter()
    lines = place.landed()
    for line in lines:
        landed.update(record["id"] for record in line["body"]["records"])
    for phone in phones:
        for record_id, times in phone.sent.acknowledged.items():
            assert landed[record_id] >= times, "answered 200, and not in the landing folder"
        for record_id, times in phone.sent.attempts.items():
            assert landed[record_id] <= times, "landed more often than it was sent"
    receipts = Counter(line["receipt"] for line in lines)
    assert max(receipts.values()) == 1, "a batch landed twice"
    return landed


def published_lake(place: Place, folder: Path) -> Path:
    """What the jobs make of the landing folder, wherever it is."""
    lake = folder / "lake"
    began = time.monotonic()
    environment = {**os.environ, **place.keys_of_jobs}
    command = [str(PODLEDGER), "run", "--landing", place.landing_of_jobs, "--lake", str(lake)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    log.info("the jobs took %.0f s:\n%s", time.monotonic() - began, ran.stdout)
    return lake


def assert_listens_are_the_truth(lake: Path, truth: Simulation, landed: Counter[str]) -> None:
    events = rows_by_deltalake(lake, "silver/events")
    assert Counter(event["id"] for event in events) == dict.fromkeys(landed, 1), "every landed record is one event"
    assert rows_by_deltalake(lake, "silver/rejected") == []
    logs = {row["device_id"]: row for row in rows_by_deltalake(lake, "silver/device_logs")}
    assert {row["device_id"]: row["max_seq"] for row in truth.logs} == {
        name: row["max_seq"] for name, row in logs.items()
    }
    assert [row for row in logs.values() if row["missing"] or row["forks"]] == []
    listener_of = {event["device_id"]: event["listener_id"] for event in events}
    expected = {}
    for row in truth.listens:
        (listener_id,) = {listener_of[device_id] for device_id in row["devices"]}
        expected[listener_id, row["episode_id"], row["listen_day"]] = row
    found = {
        (row["listener_id"], row["episode_id"], row["listen_day"].isoformat()): row
        for row in rows_by_deltalake(lake, "silver/listens")
    }
    assert len(expected) == len(truth.listens)
    assert found.keys() == expected.keys()
    for key, row in found.items():
        assert_same_listen(row, expected[key])
    log.info("%d listens of %d listeners are the truth", len(found), len({key[0] for key in found}))


def assert_same_listen(found: dict[str, Any], truth: dict[str, Any]) -> None:
    assert {name: found[name] for name in EXACT} == {name: truth[name] for name in EXACT}
    assert [[one["from_ms"], one["to_ms"]] for one in found["heard"]] == truth["heard"]
    assert found["first_at"].timestamp() * 1000 == pytest.approx(truth["first_ms"], abs=MOST_CLOCK_ERROR_MS)
    assert found["last_at"].timestamp() * 1000 == pytest.approx(truth["last_ms"], abs=MOST_CLOCK_ERROR_MS)
    assert (found["evidence"], found["reasons"]) == ("measured", [])


def registered(service: Service, folder: Path, truth: Simulation, kills: Kills) -> list[Phone]:
    """The devices, under way; those that share an account in the simulation share one here."""
    accounts: dict[str, str] = {}
    phones = []
    for plan in truth.devices:
        if plan.account_id and plan.account_id not in accounts:
            accounts[plan.account_id] = listener(service)["token"]
        phones.append(Phone(service, folder / plan.device_id, plan, kills.allowed, kills.up))
        phones[-1].start(accounts[plan.account_id] if plan.account_id else None)
    return phones


@pytest.fixture(autouse=True)
def _quiet_client() -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)


def prove_kills(start: Callable[..., Service], place: Place, folder: Path, kills: int, days: int) -> None:
    truth = simulation(folder / "simulation", DEVICES + QUIET, days, SEED)
    assert len(truth.devices) >= DEVICES
    place.landing.put("catalog/episodes.ndjson", truth.catalogue)
    service = start(place, log_seal_bytes=SEGMENT_BYTES)
    plan = Kills(kills)
    phones = registered(service, folder / "phones", truth, plan)
    plan.run(service, phones)
    for phone in phones:
        phone.finish(within_s=120)
    wait_until(lambda: not service.unsealed(), 60, "the last seal")
    landed = assert_nothing_lost(place, phones)
    attempts, again = sum(sum(p.sent.attempts.values()) for p in phones), sum(landed.values()) - len(landed)
    log.info(
        "%d kills, %d of them with requests under way: %d records sent %d times, acknowledged, landed in %d files, "
        "%d of them again; nothing lost or doubled",
        *(kills, plan.busy, len(landed), attempts, len(place.landed_names()), again),
    )
    assert plan.busy > kills // 2, "too many kills met nobody"
    assert sum(len(plan.records) for plan in truth.devices) == len(landed)
    assert_listens_are_the_truth(published_lake(place, folder), truth, landed)


def test_killed_a_few_times(start: Callable[..., Service], place: Place, tmp_path: Path) -> None:
    prove_kills(start, place, tmp_path, kills=3, days=3)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_killed_a_hundred_times(start: Callable[..., Service], place: Place, tmp_path: Path) -> None:
    prove_kills(start, place, tmp_path, kills=100, days=25)
