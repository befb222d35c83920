"""``kill -9`` at random moments under many syncing devices: nothing that was answered is lost or lands twice."""

import gzip
import json
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from jobs.records.counting import count
from service.device.clock import SimulatedClock
from service.device.log import DeviceLog
from service.device.player import Player
from service.device.registration import register
from service.device.syncing import Syncer
from tests.service.running import Place, Service, wait_until

log = logging.getLogger(__name__)

DEVICES = 32
EPISODE_MS = 3_600_000
SEED = 20261123
SEGMENT_BYTES = 40_000  # small ones, so that kills meet sealing as often as appending
BATCH = 20


@dataclass(slots=True)
class Sent:
    """What one device sent, by record id: how often, and whether it was acknowledged."""

    attempts: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)


class Watching(httpx.HTTPTransport):
    """Notes which ids went out and which came back in a 200."""

    def __init__(self, sent: Sent) -> None:
        super().__init__()
        self.sent = sent

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        ids: list[str] = []
        if request.url.path == "/v1/sync":
            text = gzip.decompress(body) if request.headers.get("content-encoding") == "gzip" else body
            ids = [record["id"] for record in json.loads(text)["records"]]
            self.sent.attempts.update(ids)
        answer = super().handle_request(request)
        answer.read()
        if answer.status_code == 200:
            self.sent.acknowledged.update(ids)
        return answer


class Phone:
    """A device in a thread of its own that listens and syncs without end."""

    def __init__(self, service: Service, folder: Path, number: int, stop: threading.Event) -> None:
        self.sent = Sent()
        self.stop = stop
        self.random = random.Random(SEED + number)
        self.folder = folder / f"phone-{number}"
        self.log = DeviceLog(self.folder)
        self.clock = SimulatedClock(1_794_355_000_000)
        self.client = httpx.Client(base_url=service.url, timeout=20, transport=Watching(self.sent))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            player = Player(self.log, self.clock)
            syncer = Syncer(self.folder, self.log, self.clock, self.client, 1, BATCH, self.pause)
            while not self.stop.is_set():
                if len(self.log.records) < 3 * BATCH:
                    player.load("ep-1", EPISODE_MS)
                    player.play(self.random.randint(31_000, 900_000))
                syncer.sync()
        except Exception as error:  # noqa: BLE001  # a thread's failure is the test's
            self.failure = error
        finally:
            self.client.close()

    def pause(self, _seconds: float) -> None:
        """Until the service may be back; shorter than is polite, so that kills meet busy moments."""
        self.stop.wait(self.random.uniform(0.1, 0.5))


def kill_at_random(service: Service, kills: int, seed: int) -> None:
    chosen = random.Random(seed)
    for number in range(kills):
        threading.Event().wait(chosen.uniform(0.05, 1.2))  # the moment of the kill, not a wait for something
        service.kill()
        service.start()
        log.info("killed and up again, %d of %d", number + 1, kills)


def assert_nothing_lost(place: Place, phones: list[Phone]) -> int:
    landed: Counter[str] = Counter()
    lines = place.landed()
    for line in lines:
        landed.update(record["id"] for record in line["body"]["records"])
    acknowledged = 0
    for phone in phones:
        for record_id, times in phone.sent.acknowledged.items():
            acknowledged += 1
            assert landed[record_id] >= times, "answered 200, and not in the landing folder"
        for record_id, times in phone.sent.attempts.items():
            assert landed[record_id] <= times, "landed more often than it was sent"
    receipts = Counter(line["receipt"] for line in lines)
    assert max(receipts.values()) == 1, "a batch landed twice"
    counted = count(place.landed_lines(), {"ep-1": EPISODE_MS})
    assert counted.refusals == []
    assert set(counted.events) == set(landed), "every landed record is an event, once"
    return acknowledged


@pytest.fixture(autouse=True)
def _quiet_client() -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)


def prove_kills(start: Callable[..., Service], place: Place, folder: Path, kills: int) -> None:
    service = start(place, log_seal_bytes=SEGMENT_BYTES)
    stop = threading.Event()
    phones = [Phone(service, folder, number, stop) for number in range(DEVICES)]
    for phone in phones:
        register(phone.folder, phone.log, phone.client)
        phone.thread.start()
    kill_at_random(service, kills, SEED)
    stop.set()
    for phone in phones:
        phone.thread.join(60)
        assert phone.failure is None, phone.failure
    wait_until(lambda: not service.unsealed(), 60, "the last seal")
    acknowledged = assert_nothing_lost(place, phones)
    assert acknowledged > kills * 20, f"too little was at stake: {acknowledged} records"
    files = len(place.landed_names())
    log.info("%d kills, %d acknowledged records, %d files: nothing lost or doubled", kills, acknowledged, files)


def test_killed_a_few_times(start: Callable[..., Service], place: Place, tmp_path: Path) -> None:
    prove_kills(start, place, tmp_path, kills=3)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_killed_a_hundred_times(start: Callable[..., Service], place: Place, tmp_path: Path) -> None:
    prove_kills(start, place, tmp_path, kills=100)
