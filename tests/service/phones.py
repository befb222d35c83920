"""Devices that send what simulated ones wrote, each in a thread of its own, and note what became of it."""

import gzip
import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from service.device.clock import SystemClock
from service.device.log import FILE, DeviceLog
from service.device.registration import register
from service.device.syncing import Syncer
from tests.service.running import Service
from tests.service.simulated import DevicePlan

BATCH = 20
PATIENCE_S = 60.0


@dataclass(slots=True)
class Sent:
    """What one device sent, by record id: how often, and whether it was acknowledged."""

    attempts: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    under_way: bool = False


class Watching(httpx.HTTPTransport):
    """Notes which ids went out and which came back in a 200."""

    def __init__(self, sent: Sent) -> None:
        super().__init__()
        self.sent = sent

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends it and reads the answer to its end."""
        body = request.read()
        ids: list[str] = []
        if request.url.path == "/v1/sync":
            text = gzip.decompress(body) if request.headers.get("content-encoding") == "gzip" else body
            ids = [record["id"] for record in json.loads(text)["records"]]
            self.sent.attempts.update(ids)
        self.sent.under_way = bool(ids)
        try:
            answer = super().handle_request(request)
            answer.read()
        finally:
            self.sent.under_way = False
        if answer.status_code == 200:
            self.sent.acknowledged.update(ids)
        return answer


class Phone:
    """A device that writes its plan down, as far as it may, and syncs until all of it is acknowledged."""

    def __init__(
        self, service: Service, folder: Path, plan: DevicePlan, allowed: Callable[[], float], up: threading.Event
    ) -> None:
        """``allowed`` is the part of its plan, from 0 to 1, that it may have written by now; ``up`` is set while the
        service may be tried again by who failed.
        """
        self.sent = Sent()
        self.folder, self.plan, self.allowed, self.up = folder, plan, allowed, up
        folder.mkdir(parents=True)
        head = {"device_id": plan.device_id, "log_epoch": plan.log_epoch, "next_seq": 1}
        (folder / FILE).write_text(json.dumps(head) + "\n", encoding="utf-8")
        self.log = DeviceLog(folder)
        self.written = 0
        self.failure: Exception | None = None
        self.given_up = threading.Event()
        self._random = random.Random(plan.device_id)
        self._client = httpx.Client(base_url=service.url, timeout=20, transport=Watching(self.sent))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, account_token: str | None) -> None:
        """Registers the device, and begins."""
        register(self.folder, self.log, self._client, account_token)
        self._thread.start()

    def finish(self, within_s: float) -> None:
        """Waits until all is sent."""
        self._thread.join(within_s)
        self.given_up.set()
        assert self.failure is None, self.failure
        assert not self._thread.is_alive(), f"{self.plan.device_id} still has {len(self.log.records)} records"

    def _run(self) -> None:
        try:
            syncer = Syncer(self.folder, self.log, SystemClock(), self._client, 1, BATCH, self._pause)
            while not self.given_up.is_set() and (self.written < len(self.plan.records) or self.log.records):
                self._write(min(BATCH, self._may_write()))
                if not self.log.records:
                    self.given_up.wait(0.1)  # the next kill lets it go on
                syncer.sync()
        except Exception as error:  # noqa: BLE001  # a thread's failure is the test's
            self.failure = error
        finally:
            self._client.close()

    def _may_write(self) -> int:
        return round(len(self.plan.records) * min(1.0, self.allowed())) - self.written

    def _write(self, records: int) -> None:
        """The client numbers and names records by itself; both come out as the simulator's."""
        planned = self.plan.records[self.written : self.written + records]
        if planned:
            written = self.log.append(planned)
            assert [one["id"] for one in written] == [one.id for one in planned]
            self.written += len(planned)

    def _pause(self, _seconds: float) -> None:
        """Until the service is back and a moment more: its start is not slowed down by those who wait for it."""
        self.up.wait(PATIENCE_S)
        self.given_up.wait(self._random.uniform(0.0, 0.2))
