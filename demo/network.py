"""A train ride: requests that never arrive, answers that never come back, and answers that break off."""

import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx

LUCK = ("good", "good", "good", "lost request", "lost answer", "cut")
NO_SERVICE = "no service"


class BadNetwork(httpx.HTTPTransport):
    """About every second request fails; ``happened`` counts how, ``sent`` how often each record id left the device."""

    def __init__(self, seed: int, slowest_s: float = 0.0) -> None:
        """The same seed has the same luck. Each request takes up to ``slowest_s`` on its way."""
        super().__init__()
        self.happened: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._slowest_s = slowest_s

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends it, or does as if."""
        record_ids = _record_ids(request)
        if self._slowest_s:
            time.sleep(self._random.uniform(0, self._slowest_s))
        luck = self._random.choice(LUCK)
        if luck == "cut" and request.method != "GET":
            luck = "good"
        if luck == "lost request":
            self.sent.update(record_ids)
            raise self._failure(luck, httpx.ConnectError("no network", request=request))
        try:
            answer = super().handle_request(request)
        except httpx.ConnectError as error:
            raise self._failure(NO_SERVICE, error) from error
        except httpx.TransportError as error:
            self.sent.update(record_ids)
            raise self._failure("lost answer", error) from error
        self.sent.update(record_ids)
        if luck == "lost answer":
            answer.close()
            raise self._failure(luck, httpx.ReadError("no network", request=request))
        self.happened[luck if answer.status_code < 500 else NO_SERVICE] += 1
        if luck == "cut":
            return httpx.Response(answer.status_code, headers=answer.headers, stream=_Cut(answer), request=request)
        return answer

    def _failure(self, kind: str, error: httpx.TransportError) -> httpx.TransportError:
        self.happened[kind] += 1
        return error


class _Cut(httpx.SyncByteStream):
    """The beginning of an answer."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._answer.iter_raw():
            yield piece[: 1 + len(piece) // 2]
            break
        self._answer.close()
        raise httpx.ReadError("no network")


def _record_ids(request: httpx.Request) -> list[Any]:
    """The records that a sync carries; none of any other request."""
    if request.url.path != "/v1/sync":
        return []
    body = request.read()
    text = gzip.decompress(body) if request.headers.get("content-encoding") == "gzip" else body
    return [record["id"] for record in json.loads(text)["records"]]
