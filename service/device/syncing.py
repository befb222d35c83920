"""Syncing: everything in the log is sent until it is acknowledged, however often that takes."""

import gzip
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from service.device.clock import Clock
from service.device.log import DeviceLog
from service.device.registration import Refused, read_registration, register

MOST_RECORDS = 500
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
COMPRESSED_FROM_BYTES = 1024


@dataclass(slots=True)
class Outcome:
    """What a sync came to: ``acknowledged`` ids by result, and how many requests it took."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    attempts: int = 0
    left: int = 0


@dataclass(slots=True)
class Syncer:
    """Sends a device's log. ``wait`` sleeps so many seconds; ``attempts`` is how often one batch is tried."""

    folder: Path
    log: DeviceLog
    clock: Clock
    client: httpx.Client
    attempts: int = 8
    most_records: int = MOST_RECORDS
    wait: Callable[[float], None] = time.sleep
    account_token: str | None = None

    def sync(self) -> Outcome:
        """Sends all there is; what could not be sent stays in the log.

        Raises:
            Refused: the service will never take it as it is.
        """
        outcome = Outcome()
        failed = 0
        size = self.most_records
        while self.log.records and failed < self.attempts:
            batch = self.log.records[:size]
            outcome.attempts += 1
            answer = self._send(batch)
            if answer is not None and answer.status_code == 200:
                results = _results(answer)
                named = {record["id"] for record in batch} & set(results)
                if named:
                    self.log.trim(named)
                    outcome.acknowledged |= {name: results[name] for name in named}
                    failed = 0
                    continue
            if answer is not None and answer.status_code == 413 and size > 1:
                size = max(1, len(batch) // 2)
                continue
            failed += 1
            self._after_failure(answer, failed)
        outcome.left = len(self.log.records)
        return outcome

    def _send(self, batch: list[dict[str, Any]]) -> httpx.Response | None:
        """One attempt, with the time it is made at; None when there was no answer."""
        try:
            token = read_registration(self.folder).token or self._register()
            now = self.clock.now()
            sent = {"wall_ms": now.wall_ms, "boot_id": now.boot_id, "mono_ms": now.mono_ms}
            body = {
                "v": 1,
                "device_id": self.log.device_id,
                "log_epoch": self.log.log_epoch,
                "sent": {name: value for name, value in sent.items() if value is not None},
                "records": batch,
            }
            content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            if len(content) >= COMPRESSED_FROM_BYTES:
                content, headers["Content-Encoding"] = gzip.compress(content, compresslevel=6), "gzip"
            return self.client.post("/v1/sync", content=content, headers=headers, follow_redirects=False)
        except httpx.HTTPError:
            return None

    def _register(self) -> str:
        return register(self.folder, self.log, self.client, self.account_token)

    def _after_failure(self, answer: httpx.Response | None, failed: int) -> None:
        """Waits as long as is polite.

        Raises:
            Refused: waiting would not help.
        """
        if answer is not None and answer.status_code == 401:
            try:
                self._register()
                return
            except httpx.HTTPError:
                answer = None
        if answer is not None and answer.status_code not in (200, 408, 429) and answer.status_code < 500:
            raise Refused(f"not synced: {answer.status_code} {answer.text[:200]}")
        wished = None if answer is None else answer.headers.get("retry-after")
        backoff_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (failed - 1)) * random.uniform(0.5, 1.0)
        self.wait(float(wished) if wished is not None and wished.isdigit() else backoff_s)


def _results(answer: httpx.Response) -> dict[str, str]:
    """What a 200 says of each record; nothing where it is not what a sync answers, so that nothing is trimmed."""
    try:
        results = answer.json()["results"]
        return {str(name): str(result) for name, result in results.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
