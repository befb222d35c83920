"""Devices without the reference client: plain requests whose every byte a test decides."""

import dataclasses
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from jobs.records.identity import record_id
from jobs.records.record import Record
from tests.service.running import Service


@dataclass(slots=True)
class Device:
    """A registered device and what it would send."""

    device_id: str
    token: str
    client: httpx.Client
    log_epoch: str = field(default_factory=lambda: uuid.uuid4().hex)

    def record(self, seq: int, **changed: Any) -> dict[str, Any]:
        """A good record, then changed, then named by its id."""
        values: dict[str, Any] = {
            "session_id": "s1",
            "session_wall_ms": 1_794_355_000_000,
            "type": "progress",
            "episode_id": "ep-1",
            "wall_ms": 1_794_355_030_000,
            "boot_id": "b1",
            "mono_ms": 30_000,
            "from_ms": 0,
            "to_ms": 30_000,
            "rate_milli": 1000,
            "offline": 0,
            **changed,
        }
        plain = Record(id="0" * 64, seq=seq, **values)
        named = dataclasses.replace(plain, id=record_id(self.device_id, self.log_epoch, plain))
        return {name: value for name, value in dataclasses.asdict(named).items() if value is not None}

    def body(self, records: list[Any], **changed: Any) -> dict[str, Any]:
        """A request with these records."""
        return {
            "v": 1,
            "device_id": self.device_id,
            "log_epoch": self.log_epoch,
            "sent": {"wall_ms": 1_794_355_200_000, "boot_id": "b1", "mono_ms": 200_000},
            "records": records,
            **changed,
        }

    def post(self, content: bytes, **headers: str) -> httpx.Response:
        """Sends exactly these bytes."""
        given = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/v1/sync", content=content, headers={**given, **named})

    def send(self, records: list[Any], **changed: Any) -> httpx.Response:
        """Sends these records."""
        return self.post(json.dumps(self.body(records, **changed)).encode("utf-8"))


@contextmanager
def new_device(service: Service, account_token: str | None = None) -> Iterator[Device]:
    """Registers a device."""
    with service.client() as client:
        device_id = uuid.uuid4().hex
        headers = {} if account_token is None else {"Authorization": f"Bearer {account_token}"}
        made = client.post("/v1/devices", json={"device_id": device_id}, headers=headers)
        assert made.status_code == 201, made.text
        yield Device(device_id, made.json()["token"], client)
