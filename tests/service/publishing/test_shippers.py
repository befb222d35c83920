"""Access logs of four edges, in one form, without an address."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.landing import LandingFolder
from service.shippers.formats import read_line
from service.shippers.networks import DailyKeys, network_of, read_lists
from service.shippers.request import NotALogLine
from service.shippers.rotation import LogsAside
from service.shippers.ship import Shipper
from tests.service.publishing.creators import new_creator
from tests.service.publishing.edges import Edge
from tests.service.running import wait_until

NOW_MS = 1_794_355_200_000  # 2026-11-11T00:00:00Z
NGINX = {
    "request_id": "r1",
    "ended_s": "1794355190.500",
    "took_s": "0.500",
    "method": "GET",
    "path": "/m/show/e.mp3",
    "status": "206",
    "body_bytes": "1000",
    "content_range": "bytes 0-999/5000",
    "address": "203.0.113.9",
    "user_agent": "Podcasts/1.0",
    "referrer": "",
}
CLOUDFRONT = "\t".join(
    [
        *("2026-11-10", "23:59:50", "FRA2", "1500", "2001:db8:1:2:3::4", "GET", "d1.cloudfront.net", "/m/show/e.mp3"),
        *("206", "-", "Podcasts%2F1.0%2520(phone)", "-", "-", "Hit", "cf-1", "pods.example", "https", "300", "0.1"),
        *("-", "-", "-", "Hit", "HTTP/2.0", "-", "-", "1", "0.1", "Hit", "audio/mpeg", "1000", "0", "999"),
    ]
)
CLOUDFLARE = {
    "RayID": "cf-ray",
    "EdgeStartTimestamp": "2026-11-10T23:59:50Z",
    "ClientRequestMethod": "GET",
    "ClientRequestURI": "/m/show/e.mp3?from=app",
    "EdgeResponseStatus": 200,
    "EdgeResponseBodyBytes": 5000,
    "EdgeResponseBytes": 5400,
    "ClientIP": "::ffff:203.0.113.9",
    "ClientRequestUserAgent": "Podcasts/1.0",
    "ClientRequestReferer": "",
    "ClientCountry": "de",
}
FASTLY = {
    "request_id": "f1",
    "start_ms": 1_794_355_190_000,
    "method": "GET",
    "url": "/m/show/e.mp3",
    "status": 206,
    "body_bytes": 1000,
    "content_range": "bytes 0-999/5000",
    "client_ip": "203.0.113.9",
    "user_agent": "Podcasts/1.0",
    "referer": "",
    "country": "DE",
}


def shipper(tmp_path: Path, *lists: str) -> Shipper:
    return Shipper(LandingFolder(tmp_path / "landing"), DailyKeys(tmp_path / "keys"), read_lists("2026-11", lists))


def shipped(tmp_path: Path, log_format: str, *lines: str, lists: tuple[str, ...] = ()) -> tuple[Any, list[Any]]:
    log = tmp_path / "some.log"
    log.write_text("\n".join(lines) + "\n")
    done = shipper(tmp_path, *lists).ship(log, log_format, NOW_MS)
    if done.file is None:
        return done, []
    content = gzip.decompress((tmp_path / "landing" / done.file).read_bytes())
    return done, [json.loads(line) for line in content.splitlines()]


@pytest.mark.parametrize(
    ("log_format", "line", "expected"),
    [
        ("nginx", json.dumps(NGINX), (1000, 0, 999, 206, None)),
        ("cloudfront", CLOUDFRONT, (1000, 0, 999, 206, None)),
        ("cloudflare", json.dumps(CLOUDFLARE), (5000, None, None, 200, "DE")),
        ("fastly", json.dumps(FASTLY), (1000, 0, 999, 206, "DE")),
    ],
)
def test_every_edge_says_the_same(tmp_path: Path, log_format: str, line: str, expected: tuple[Any, ...]) -> None:
    done, (row,) = shipped(tmp_path, log_format, line)
    assert str(done.file).startswith("edge/2026-11-11/00/")
    named = ("body_bytes", "range_from", "range_to", "status", "country")
    assert tuple(row[name] for name in named) == expected
    assert (row["v"], row["at_ms"], row["method"], row["path"]) == (1, 1_794_355_190_000, "GET", "m/show/e.mp3")
    assert (row["edge"], row["network_kind"], row["lists"]) == (log_format, "unknown", "2026-11")
    assert "203.0.113" not in json.dumps(row)
    assert row["network"] != row["network_prev"]
    assert set(row) == {
        *("v", "request_id", "at_ms", "method", "path", "status", "body_bytes", "range_from", "range_to"),
        *("network", "network_prev", "network_kind", "lists", "country", "user_agent", "referrer", "edge"),
    }


def test_networks_are_one_for_an_ipv4_address_and_for_an_ipv6_64(tmp_path: Path) -> None:
    same = [("203.0.113.9", "::ffff:203.0.113.9"), ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9")]
    assert all(network_of(one) == network_of(other) for one, other in same)
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    keys = DailyKeys(tmp_path / "keys")
    day = 86_400_000
    hashed = keys.hash(network_of("203.0.113.9"), NOW_MS)
    assert keys.hash(network_of("203.0.113.9"), NOW_MS + day, days_before=1) == hashed
    assert DailyKeys(tmp_path / "keys").hash(network_of("203.0.113.9"), NOW_MS) == hashed
    assert keys.hash(network_of("203.0.113.9"), NOW_MS + day) != hashed


def test_destroyed_keys_link_nobody_again(tmp_path: Path) -> None:
    one = shipper(tmp_path)
    before = one.keys.hash(network_of("203.0.113.9"), NOW_MS)
    assert one.destroy_old_keys(NOW_MS + 30 * 86_400_000) == 0
    assert one.destroy_old_keys(NOW_MS + 40 * 86_400_000) == 1
    assert one.keys.hash(network_of("203.0.113.9"), NOW_MS) != before


def test_kinds_of_networks_come_from_the_most_specific_list(tmp_path: Path) -> None:
    lists = ("203.0.113.0/24 datacentre", "203.0.113.9/32 vpn # narrower", "2001:db8::/32 bot")
    _, (row,) = shipped(tmp_path, "nginx", json.dumps(NGINX), lists=lists)
    assert row["network_kind"] == "vpn"


def test_what_cannot_land_is_counted_by_its_reason(tmp_path: Path) -> None:
    late = {**NGINX, "ended_s": "1700000000.0"}
    ahead = {**NGINX, "ended_s": "1799999999.0"}
    nowhere = {**NGINX, "address": "unix:"}
    lines = [json.dumps(one) for one in (NGINX, late, ahead, nowhere)]
    done, rows = shipped(tmp_path, "nginx", *lines, "{half a line", "[]")
    assert (done.lines, done.landed, len(rows)) == (6, 1, 1)
    assert done.refused == {"too_late": 1, "impossible_time": 1, "no_address": 1, "unreadable": 2}


def test_comments_and_other_pages_are_no_requests_for_files(tmp_path: Path) -> None:
    assert read_line("cloudfront", "#Version: 1.0") is None
    assert read_line("nginx", json.dumps({**NGINX, "path": "/studio/shows/1"})) is None
    with pytest.raises(NotALogLine):
        read_line("cloudfront", "too\tfew")


def test_shipping_a_log_twice_lands_one_file(tmp_path: Path) -> None:
    first, _ = shipped(tmp_path, "nginx", json.dumps(NGINX))
    second, _ = shipped(tmp_path, "nginx", json.dumps(NGINX))
    assert first.file == second.file


def test_what_is_long_waits_for_the_next_start(tmp_path: Path) -> None:
    logs = [tmp_path / "access-long.log", tmp_path / "access-short.log"]
    for log, lines in zip(logs, (3, 1), strict=True):
        log.write_text("".join(json.dumps({**NGINX, "request_id": f"r{number}"}) + "\n" for number in range(lines)))
    one, most_bytes = shipper(tmp_path), logs[1].stat().st_size
    assert [done.landed for done in LogsAside(tmp_path).ship(one, NOW_MS, 0.0, most_bytes)] == [1]
    assert [log.exists() for log in logs] == [True, False]
    assert [done.landed for done in LogsAside(tmp_path).ship(one, NOW_MS, 2.0)] == [3]
    assert not logs[0].exists()


def test_what_nginx_saw_lands(own_edge: Callable[..., Edge], audio: Callable[[str], Path]) -> None:
    edge = own_edge(edge_ship_s=0.2)
    with new_creator(edge) as creator:
        show = creator.show("Secret", private=True)
        creator.published(show, audio("tone.mp3"))
        subscriber = creator.made(f"/v1/shows/{show['id']}/subscribers", {"label": "Bob"})
        feed = httpx.get(subscriber["feed_url"]).text
        enclosure = feed.split('enclosure url="')[1].split('"')[0]
        ranged = [(b"Range", b"bytes=0-99"), (b"User-Agent", "Podcasts/1.0 🌊".encode())]
        assert httpx.get(enclosure, headers=ranged, follow_redirects=True).status_code == 206
        token = subscriber["feed_url"].rsplit("/", 1)[1].removesuffix(".xml")

    def landed() -> list[dict[str, Any]]:
        folder = edge.data.parent / "landing" / "edge"
        files = folder.glob("*/*/[!._]*.ndjson.gz")
        lines = [line for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
        return [row for row in map(json.loads, lines) if row["status"] == 206]

    (row,) = wait_until(landed, what="the line")
    assert (row["range_from"], row["range_to"], row["body_bytes"]) == (0, 99, 100)
    content = (edge.data.parent / "landing" / "catalog" / "episodes.ndjson").read_text()
    assert json.loads(content)["media_path"] == row["path"]
    assert row["user_agent"] == "Podcasts/1.0 🌊"
    assert token not in json.dumps(row)
    assert "127.0.0.1" not in json.dumps({**row, "user_agent": None})
