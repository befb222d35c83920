"""The reference client against a real service, with the network failing underneath."""

import gzip
import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.errors import Stop
from jobs.records.identity import record_id
from jobs.records.record import Record, read_record
from service.device.clock import SimulatedClock
from service.device.downloading import Downloader, WrongDigest
from service.device.log import FILE, DeviceLog
from service.device.player import Player
from service.device.registration import Refused, read_registration
from service.device.syncing import Syncer
from tests.service.running import Service, wait_until

HOUR_MS = 3_600_000
START_MS = 1_794_355_000_000


def heard(log: DeviceLog) -> list[tuple[int, int]]:
    return [(record["from_ms"], record["to_ms"]) for record in log.records if record["type"] == "progress"]


def playing(folder: Path) -> tuple[DeviceLog, SimulatedClock, Player]:
    log, clock = DeviceLog(folder), SimulatedClock(START_MS)
    return log, clock, Player(log, clock)


def test_what_is_played_is_logged_in_closed_intervals(tmp_path: Path) -> None:
    log, _clock, player = playing(tmp_path)
    player.rate_milli = 2000
    player.load("ep-1", HOUR_MS)
    player.play(75_000)
    assert heard(log) == [(0, 30_000), (30_000, 60_000), (60_000, 75_000)]
    assert [record["type"] for record in log.records] == ["play", "progress", "progress", "progress", "pause"]
    assert [record["seq"] for record in log.records] == [1, 2, 3, 4, 5]
    assert log.records[-1]["wall_ms"] - log.records[0]["wall_ms"] == 37_500, "twice the speed takes half the time"
    for value in log.records:
        record = read_record(value)
        assert isinstance(record, Record)
        assert record.id == record_id(log.device_id, log.log_epoch, record)


def test_exactly_thirty_seconds_stay_on_the_device(tmp_path: Path) -> None:
    log, _clock, player = playing(tmp_path)
    player.load("ep-1", HOUR_MS)
    player.play(30_000)
    assert log.records == []
    player.play(1)
    assert heard(log) == [(0, 30_000), (30_000, 30_001)], "one millisecond more is a listen, and all of it is told"


def test_a_long_pause_begins_a_session(tmp_path: Path) -> None:
    log, clock, player = playing(tmp_path)
    player.load("ep-1", HOUR_MS)
    player.play(40_000)
    clock.advance(30 * 60_000)
    player.play(40_000)
    clock.advance(30 * 60_000 + 1)
    player.play(40_000)
    sessions = list(dict.fromkeys(record["session_id"] for record in log.records))
    assert len(sessions) == 2
    assert [record["seq"] for record in log.records] == list(range(1, len(log.records) + 1))


def test_the_end_of_an_episode(tmp_path: Path) -> None:
    log, _clock, player = playing(tmp_path)
    player.load("ep-1", 45_000)
    player.play(HOUR_MS)
    assert heard(log) == [(0, 30_000), (30_000, 45_000)]
    assert log.records[-1]["type"] == "complete"


def test_the_log_survives_a_torn_line_and_keeps_counting(tmp_path: Path) -> None:
    log, _clock, player = playing(tmp_path)
    player.load("ep-1", HOUR_MS)
    player.play(60_000)
    written = [record["id"] for record in log.records]
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"id": "torn')
    again = DeviceLog(tmp_path)
    assert [record["id"] for record in again.records] == written
    assert again.trim(written) == len(written)
    later = DeviceLog(tmp_path)
    assert (later.records, later.next_seq) == ([], len(written) + 1), "numbers are not given twice, sent or not"
    (tmp_path / FILE).write_bytes(b"[]\n")
    with pytest.raises(Stop, match="no device log"):
        DeviceLog(tmp_path)


class Unreliable(httpx.HTTPTransport):
    """A network that fails before or after the request arrived, by a plan: one word an attempt to sync."""

    def __init__(self, plan: list[str]) -> None:
        super().__init__()
        self.plan = plan
        self.bodies: list[dict[str, Any]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/sync":
            return super().handle_request(request)
        raw = request.read()
        self.bodies.append(json.loads(gzip.decompress(raw) if "content-encoding" in request.headers else raw))
        step = self.plan.pop(0) if self.plan else "good"
        if step == "lost request":
            raise httpx.ConnectError("cut off", request=request)
        answer = super().handle_request(request)
        if step == "lost answer":
            answer.read()
            raise httpx.ReadError("cut off", request=request)
        if step == "a portal":
            return httpx.Response(200, text="<html>Welcome to the hotel</html>", request=request)
        return answer


@contextmanager
def syncing(
    service: Service, folder: Path, plan: list[str], **more: Any
) -> Iterator[tuple[Player, Syncer, Unreliable]]:
    log, clock, player = playing(folder)
    network = Unreliable(plan)
    with httpx.Client(base_url=service.url, transport=network, timeout=30) as client:
        waited = more.pop("wait", lambda seconds: clock.advance(round(seconds * 1000)))
        yield player, Syncer(folder, log, clock, client, wait=waited, **more), network


def landed_ids(service: Service, device_id: str) -> list[str]:
    lines = [line for line in service.place.landed() if line["device_id"] == device_id]
    return [record["id"] for line in lines for record in line["body"]["records"]]


def test_sync_over_a_bad_network(service: Service, tmp_path: Path) -> None:
    plan = ["lost request", "lost answer", "a portal", "good"]
    with syncing(service, tmp_path, plan) as (player, syncer, network):
        player.load("ep-1", HOUR_MS)
        player.play(90_000)
        wanted = [record["id"] for record in syncer.log.records]
        outcome = syncer.sync()
        assert (outcome.attempts, outcome.left) == (4, 0)
        assert sorted(outcome.acknowledged) == sorted(wanted)
        assert set(outcome.acknowledged.values()) == {"duplicate"}, "the service had them since the second attempt"
        sent = [body["sent"] for body in network.bodies]
        assert len({one["mono_ms"] for one in sent}) == 4, "each attempt is stamped afresh"
        assert all(body["records"] == network.bodies[0]["records"] for body in network.bodies)
        device_id = syncer.log.device_id
    assert DeviceLog(tmp_path).records == []
    wait_until(lambda: sorted(set(landed_ids(service, device_id))) == sorted(wanted), what="the records")


def test_what_is_not_acknowledged_stays(service: Service, tmp_path: Path) -> None:
    with syncing(service, tmp_path, ["lost answer"] * 3, attempts=3) as (player, syncer, _network):
        player.load("ep-1", HOUR_MS)
        player.play(60_000)
        wanted = [record["id"] for record in syncer.log.records]
        outcome = syncer.sync()
    assert outcome.left == len(wanted)
    assert [record["id"] for record in DeviceLog(tmp_path).records] == wanted


def test_a_long_log_goes_in_parts(service: Service, tmp_path: Path) -> None:
    with syncing(service, tmp_path, [], most_records=7) as (player, syncer, network):
        player.load("ep-1", HOUR_MS)
        player.play(15 * 60_000)
        number = len(syncer.log.records)
        outcome = syncer.sync()
    assert len(outcome.acknowledged) == number
    assert [len(body["records"]) for body in network.bodies] == [7] * (number // 7) + [number % 7] * bool(number % 7)


def test_a_lost_registration_is_asked_for_again(service: Service, tmp_path: Path) -> None:
    with syncing(service, tmp_path, []) as (player, syncer, _network):
        player.load("ep-1", HOUR_MS)
        player.play(60_000)
        proof = read_registration(tmp_path).proof
        first = syncer.client.post("/v1/devices", json={"device_id": syncer.log.device_id, "proof": proof})
        assert first.status_code == 201, "and its answer is lost"
        assert syncer.sync().left == 0
        other = syncer.client.post("/v1/devices", json={"device_id": syncer.log.device_id, "proof": "x" * 40})
        assert other.status_code == 409


def test_a_token_that_ended_is_replaced(service: Service, tmp_path: Path) -> None:
    with syncing(service, tmp_path, []) as (player, syncer, _network):
        kept = tmp_path / "token.json"
        proof = read_registration(tmp_path).proof
        syncer.client.post("/v1/devices", json={"device_id": syncer.log.device_id, "proof": proof})
        kept.write_text(json.dumps({"proof": proof, "token": "pl_ended"}))
        player.load("ep-1", HOUR_MS)
        player.play(60_000)
        assert syncer.sync().left == 0


class Files(BaseHTTPRequestHandler):
    """Serves one file with ranges, and breaks off at random for a while."""

    content = random.Random(1).randbytes(700_000)
    cuts = 0
    asked: list[str | None] = []  # noqa: RUF012  # set anew by the fixture

    def do_GET(self) -> None:
        given = self.headers.get("Range")
        type(self).asked.append(given)
        first = int(given.removeprefix("bytes=").removesuffix("-")) if given else 0
        body = self.content[first:]
        self.send_response(206 if given else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"one"')
        if given:
            self.send_header("Content-Range", f"bytes {first}-{len(self.content) - 1}/{len(self.content)}")
        self.end_headers()
        if type(self).cuts:
            type(self).cuts -= 1
            self.wfile.write(body[:100_000])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def files() -> Iterator[Callable[[int], str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def url(cuts: int) -> str:
        Files.cuts, Files.asked = cuts, []
        return f"http://127.0.0.1:{server.server_port}"

    yield url
    server.shutdown()
    server.server_close()


def test_a_download_goes_on_where_it_was_cut_off(files: Callable[[int], str], tmp_path: Path) -> None:
    digest = hashlib.sha256(Files.content).hexdigest()
    with httpx.Client() as client:
        waited: list[float] = []
        downloader = Downloader(tmp_path, client, wait=waited.append)
        path = downloader.fetch(f"{files(3)}/m/show/ep-{digest[:16]}.mp3")
        assert path.read_bytes() == Files.content
        assert Files.asked == [None, "bytes=100000-", "bytes=200000-", "bytes=300000-"]
        assert len(waited) == 3
        assert downloader.fetch(f"{files(0)}/m/show/ep-{digest[:16]}.mp3") == path
        assert Files.asked == [], "what is here is not fetched again"


def test_a_download_that_is_another_file(files: Callable[[int], str], tmp_path: Path) -> None:
    with httpx.Client() as client:
        downloader = Downloader(tmp_path, client, wait=lambda _seconds: None)
        with pytest.raises(WrongDigest):
            downloader.fetch(f"{files(0)}/m/show/ep-0123456789abcdef.mp3")
        with pytest.raises(WrongDigest):
            downloader.fetch(f"{files(0)}/m/show/ep.mp3", "0" * 64)
        with pytest.raises(Refused):
            downloader.fetch(f"{files(0)}/m/show/")
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_the_command(service: Service, tmp_path: Path, podledger: Callable[..., Any]) -> None:
    folder = tmp_path / "phone"
    played = podledger("device", "--dir", folder, "--json", "play", "--episode", "ep-1", "--duration", 600, "--for", 90)
    assert (played.code, played.json()["written"]) == (0, 5), played.err
    assert podledger("device", "--dir", folder, "--json", "show").json()["waiting"] == 5
    synced = podledger("device", "--dir", folder, "--json", "sync", "--server", service.url)
    assert (synced.code, synced.json()) == (0, {"acknowledged": 5, "requests": 1, "left": 0}), synced.err
    assert podledger("device", "--dir", folder, "--json", "show").json()["waiting"] == 0
