"""Bodies that are too large, too slow or bombs, and clients that ask too often."""

import gzip
import json
import select
import socket
from collections.abc import Callable, Iterator

import pytest
import zstandard

from jobs.errors import Stop
from service.limits import Allowance
from tests.service.devices import Device, new_device
from tests.service.running import Place, Service, wait_until

MOST = 1_048_576
MOST_DECODED = 4_194_304


def test_a_body_above_the_limit(service: Service, device: Device) -> None:
    good = json.dumps(device.body([device.record(1)])).encode()
    assert device.post(good + b" " * (MOST - len(good))).status_code == 200
    for content in (good + b" " * (MOST - len(good) + 1), b" " * (5 * MOST)):
        answer = device.post(content)
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:podledger:problem:too_large")


def test_a_body_above_the_limit_that_does_not_say_so(service: Service, device: Device) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * 10_000

    headers = {"Authorization": f"Bearer {device.token}", "Content-Type": "application/json"}
    assert device.client.post("/v1/sync", content=pieces(), headers=headers).status_code == 413


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bombs(service: Service, device: Device, encoding: str) -> None:
    def packed(size: int) -> bytes:
        good = json.dumps(device.body([device.record(1)])).encode()
        content = good + b" " * (size - len(good))
        return gzip.compress(content) if encoding == "gzip" else zstandard.compress(content)

    assert device.post(packed(MOST_DECODED), Content_Encoding=encoding).status_code == 200
    for size in (MOST_DECODED + 1, 200_000_000):
        answer = device.post(packed(size), Content_Encoding=encoding)
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:podledger:problem:too_large")


def test_streams_that_are_cut_or_damaged(service: Service, device: Device) -> None:
    good = json.dumps(device.body([device.record(1)])).encode()
    packed = gzip.compress(good)
    assert device.post(gzip.compress(good[:100]) + gzip.compress(good[100:]), Content_Encoding="gzip").is_success
    for content in (packed[:-1], packed[:-9], packed + b"x", b"", packed.replace(packed[20:24], b"\0\0\0\0")):
        assert device.post(content, Content_Encoding="gzip").status_code == 400
    packed = zstandard.compress(good)
    for content in (packed[:-3], packed + b"xxxxx", b""):
        assert device.post(content, Content_Encoding="zstd").status_code == 400


def raw(service: Service, content: bytes, *, then_close: bool = False) -> bytes:
    """What the service answers to these bytes."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
        connection.sendall(content)
        if then_close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
            if b"\r\n\r\n" in answer and b"connection: close" not in answer.lower():
                break
        return answer


def head(device: Device, *lines: str) -> bytes:
    given = ("POST /v1/sync HTTP/1.1", "Host: x", f"Authorization: Bearer {device.token}", *lines)
    return "\r\n".join((*given, "Content-Type: application/json", "", "")).encode()


def test_a_slow_client_is_sent_away_and_keeps_nobody_waiting(start: Callable[..., Service], folder: Place) -> None:
    service = start(folder, server_body_seconds=0.5)
    with new_device(service) as device:
        slow = [socket.create_connection(("127.0.0.1", service.port), timeout=60) for _ in range(100)]
        for connection in slow:
            connection.sendall(head(device, "Content-Length: 1000") + b"{")
        assert device.send([device.record(1)]).status_code == 200
        for connection in slow:
            assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")
            connection.close()
        assert device.send([device.record(2)]).status_code == 200


def test_too_much_at_once(start: Callable[..., Service], folder: Place) -> None:
    service = start(folder, server_bodies_bytes=1_000_000)
    with new_device(service) as device:
        first, second = (socket.create_connection(("127.0.0.1", service.port), timeout=60) for _ in range(2))
        for connection in (first, second):
            connection.sendall(head(device, "Content-Length: 600001") + b" " * 600_000)
        (refused,) = select.select([first, second], [], [], 60)[0]
        answer = refused.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after" in answer.lower()
        second.close()
        first.close()
        wait_until(lambda: device.send([device.record(1)]).status_code == 200, what="room again")


def test_half_requests_and_wrong_lengths(service: Service, device: Device) -> None:
    body = json.dumps(device.body([device.record(1)])).encode()
    raw(service, head(device, f"Content-Length: {len(body) + 10}") + body, then_close=True)
    short = raw(service, head(device, f"Content-Length: {len(body) - 1}", "Connection: close") + body)
    assert short.startswith(b"HTTP/1.1 400 ")
    assert raw(service, head(device, "Content-Length: -1")).startswith(b"HTTP/1.1 400 ")
    huge = raw(service, head(device, "Content-Length: 99999999999999999999"))
    assert huge[9:12] in (b"400", b"413")
    assert raw(service, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert device.send([device.record(1)]).json()["results"] == {device.record(1)["id"]: "stored"}
    assert "Traceback" not in service.said()


def test_a_device_that_syncs_too_often(start: Callable[..., Service], folder: Place) -> None:
    service = start(folder, limits_device="3/3600")
    with new_device(service) as device, new_device(service) as other:
        assert [device.send([device.record(1)]).status_code for _ in range(4)] == [200, 200, 200, 429]
        answer = device.send([device.record(1)])
        assert answer.json()["type"] == "urn:podledger:problem:too_many"
        assert 1 <= int(answer.headers["retry-after"]) <= 1200
        assert other.send([other.record(1)]).status_code == 200


def test_a_network_that_asks_too_often(start: Callable[..., Service], folder: Place) -> None:
    service = start(folder, limits_network="2/3600", limits_register="3/3600")
    with new_device(service) as device:
        body = json.dumps(device.body([device.record(1)])).encode()
        statuses = [device.post(body, X_Forwarded_For="2001:db8::1").status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert device.post(body, X_Forwarded_For="2001:db8::ffff").status_code == 429, "the same /64"
        assert device.post(body, X_Forwarded_For="2001:db8:0:1::1").status_code == 200
        assert (
            device.client.post("/v1/rad", content=b"{}", headers={"X-Forwarded-For": "2001:db8::1"}).status_code == 503
        )
        made = [device.client.post("/v1/devices", json={"device_id": f"d{n}"}).status_code for n in range(3)]
        assert made == [201, 201, 429]


def test_an_allowance_refills() -> None:
    now_s = 0.0
    allowance = Allowance("2/60", lambda: now_s)
    allowance.take("ana")
    allowance.take("ana")
    assert allowance.wait_s("ana") == 30
    assert allowance.wait_s("bo") == 0
    now_s = 30.0
    assert allowance.wait_s("ana") == 0
    for wrong in ("2", "a/b", "0/60", "2/0", "-1/60"):
        with pytest.raises(Stop, match="written like"):
            Allowance(wrong)
