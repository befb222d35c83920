"""nginx before the service: ranges, private feeds, signed links, and what happens when something is away."""

import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from service.edge.links import signed_path
from service.edge.serving import link_secret
from service.secrets import Secrets
from tests.service.publishing.creators import Creator, new_creator
from tests.service.publishing.edges import Edge
from tests.service.running import PODLEDGER, SECRET, wait_until

Audio = Callable[[str], Path]


def private_show(creator: Creator, audio: Audio) -> tuple[dict[str, Any], dict[str, Any]]:
    """A private show with an episode, and a subscriber of it."""
    show = creator.show("Secret", private=True)
    creator.published(show, audio("tone.mp3"), "Whispered")
    return show, creator.made(f"/v1/shows/{show['id']}/subscribers", {"label": "Bob"})


def enclosure_of(feed: httpx.Response) -> str:
    return feed.text.split('enclosure url="')[1].split('"')[0]


@pytest.mark.parametrize(
    ("asked", "status", "content_range"),
    [
        ("bytes=0-0", 206, "bytes 0-0/{size}"),
        ("bytes=-10", 206, "bytes {last10}-{last}/{size}"),
        ("bytes=100-", 206, "bytes 100-{last}/{size}"),
        ("bytes=9999999999-", 416, "bytes */{size}"),
        ("bytes=5-2", 416, "bytes */{size}"),
        ("lines=1-2", 200, None),
    ],
)
def test_ranges(creator: Creator, audio: Audio, asked: str, status: int, content_range: str | None) -> None:
    made = creator.published(creator.show(), audio("tone.mp3"))
    size = made["media"]["bytes"]
    answer = httpx.get(made["media"]["url"], headers={"Range": asked})
    expected = content_range and content_range.format(size=size, last=size - 1, last10=size - 10)
    if (status, asked) == (416, "bytes=5-2"):
        assert answer.status_code in (200, 416), "RFC 9110 lets a server ignore a range that is none"
        return
    assert answer.status_code == status
    if status != 416 or creator.edge.place.name == "folder":
        assert answer.headers.get("content-range") == expected


def test_the_service_gives_way_to_nginx(edge: Edge) -> None:
    assert edge.service.process is not None
    service = psutil.Process(edge.service.process.pid)
    nginx = [process for process in service.children(recursive=True) if "nginx" in process.name()]
    assert nginx
    assert all(process.nice() < service.nice() for process in nginx)


def test_media_keep_for_ever_and_feeds_for_minutes(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    made = creator.published(show, audio("tone.mp3"))
    media, feed = httpx.head(made["media"]["url"]), httpx.head(show["feed_url"])
    assert media.headers["content-type"] == "audio/mpeg"
    assert media.headers["content-length"] == str(made["media"]["bytes"])
    assert "immutable" in media.headers["cache-control"]
    assert feed.headers["cache-control"] == "public, max-age=300"


def test_a_private_feed_is_for_who_has_its_token_and_ends_with_it(creator: Creator, audio: Audio) -> None:
    show, subscriber = private_show(creator, audio)
    assert httpx.get(f"{creator.edge.url}/feeds/{show['slug']}.xml").status_code == 404
    feed = httpx.get(subscriber["feed_url"])
    assert (feed.status_code, "Whispered" in feed.text, "<itunes:block>Yes" in feed.text) == (200, True, True)
    assert httpx.get(subscriber["feed_url"], headers={"If-None-Match": feed.headers["etag"]}).status_code == 304
    since = {"If-Modified-Since": feed.headers["last-modified"]}
    assert httpx.get(subscriber["feed_url"], headers=since).status_code == 304
    enclosure = enclosure_of(feed)
    exchanged = httpx.get(enclosure)
    assert (exchanged.status_code, "no-store" in exchanged.headers["cache-control"]) == (302, True)
    whole = audio("tone.mp3").read_bytes()
    piece = httpx.get(enclosure, headers={"Range": "bytes=10-19"}, follow_redirects=True)
    assert (piece.status_code, piece.content) == (206, whole[10:20])
    public = f"{creator.edge.url}/m/{enclosure.split('/m/private/')[1].partition('/')[2]}"
    assert httpx.get(public).status_code == 404
    assert creator.client.delete(f"/v1/shows/{show['id']}/subscribers/{subscriber['id']}").status_code == 204
    assert [httpx.get(url).status_code for url in (subscriber["feed_url"], enclosure)] == [404, 404]


def test_a_token_opens_the_files_of_its_own_show_alone(creator: Creator, audio: Audio) -> None:
    _, first = private_show(creator, audio)
    _, second = private_show(creator, audio)
    one, other = (enclosure_of(httpx.get(subscriber["feed_url"])) for subscriber in (first, second))
    token = one.split("/m/private/")[1].split("/")[0]
    crossed = f"{creator.edge.url}/m/private/{token}/{other.split('/m/private/')[1].partition('/')[2]}"
    assert httpx.get(crossed).status_code == 404


def test_links_that_expired_or_were_changed_open_nothing(creator: Creator, audio: Audio) -> None:
    _, subscriber = private_show(creator, audio)
    place = str(httpx.get(enclosure_of(httpx.get(subscriber["feed_url"]))).headers["location"])
    file = place.split("/", 4)[4]
    secret = link_secret(Secrets(SECRET.encode()))
    now_s = int(time.time())
    with creator.edge.client() as client:
        assert client.get(signed_path(file, secret, now_s + 60)).status_code == 200
        expired = client.get(signed_path(file, secret, now_s - 1))
        assert (expired.status_code, expired.json()["status"]) == (410, 410)
        for forged in (
            signed_path(file, "another secret", now_s + 60),
            place.replace("/s/", "/s/A", 1)[: len(place)],
            signed_path(file, secret, now_s + 60).replace(file, f"{file.split('/')[0]}/other.mp3"),
        ):
            assert client.get(forged).status_code in (403, 404), forged


@pytest.mark.parametrize(
    "path",
    [
        "/m/../nginx/nginx.conf",
        "/m/..%2f..%2fservice.db",
        "/m/%2e%2e/%2e%2e/secret",
        "/m//etc/passwd",
        "/feeds/..%2fservice.db",
        "/feeds/.tides.xml-0000",
        "/s/AAAAAAAAAAAAAAAAAAAAAA/99999999999/../../secret",
        "/internal/signed-object",
        "/_sign",
        "/_problem/404",
        "/m/private/short/x/y",
        "/m/%00",
    ],
)
def test_tricks_with_paths_find_nothing(creator: Creator, path: str) -> None:
    address = urlsplit(creator.edge.url)
    with socket.create_connection((str(address.hostname), address.port or 80), timeout=20) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := raw.recv(65536):
            answer += piece
    assert int(answer.split()[1]) in (400, 403, 404, 422), answer[:300]
    assert b"Traceback" not in answer


def test_a_client_that_never_finishes_holds_up_nobody(own_edge: Callable[..., Edge]) -> None:
    edge = own_edge()
    address = urlsplit(edge.url)
    slow = [socket.create_connection((str(address.hostname), address.port or 80)) for _ in range(100)]
    try:
        for one in slow:
            one.sendall(b"POST /v1/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx")
        began = time.monotonic()
        assert httpx.get(f"{edge.url}/healthz", timeout=10).status_code == 200
        assert time.monotonic() - began < 5
    finally:
        for one in slow:
            one.close()


def test_while_the_service_is_away_feeds_and_media_go_on(own_edge: Callable[..., Edge], audio: Audio) -> None:
    edge = own_edge()
    with new_creator(edge) as creator:
        show = creator.show()
        made = creator.published(show, audio("tone.mp3"))
        assert edge.service.process is not None
        edge.service.process.send_signal(19)
        try:
            assert httpx.get(show["feed_url"]).status_code == 200
            assert httpx.get(made["media"]["url"]).status_code == 200
        finally:
            edge.service.process.send_signal(18)


def test_nginx_goes_with_a_service_that_is_killed(own_edge: Callable[..., Edge]) -> None:
    edge = own_edge()
    pid = int((edge.data / "nginx" / "nginx.pid").read_text())
    edge.service.kill()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), what="the end of nginx")
    edge.service.start()
    assert httpx.get(f"{edge.url}/healthz").status_code == 200


def test_what_nginx_refuses_is_a_problem_document(creator: Creator) -> None:
    feed_url = creator.show()["feed_url"]
    wait_until(lambda: httpx.get(feed_url).status_code == 200, what="the feed")
    with creator.edge.client() as client:
        asked = [
            (client.get("/m/nothing.mp3"), 404),
            (client.post(feed_url), 405),
            (client.post("/v1/sync", content=b"x" * (17 << 20)), 413),
        ]
    for answer, status in asked:
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status


def test_redbot_finds_no_fault_in_feeds_and_media(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    made = creator.published(show, audio("tone.mp3"))
    for url in (show["feed_url"], made["media"]["url"]):
        command = [str(PODLEDGER.with_name("redbot")), "-o", "har", url]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stderr
        assert '"_red_messages"' in ran.stdout
        notes = json.loads(ran.stdout)["log"]["entries"][0]["_red_messages"]
        faults = [note["summary"] for note in notes if note["level"] in ("bad", "error")]
        assert faults == [], url


def test_a_proxys_word_on_addresses_is_taken_only_where_it_is_trusted(own_edge: Callable[..., Edge]) -> None:
    told = {"X-Forwarded-For": "203.0.113.9"}
    for trusted, address in (("", "127.0.0.1"), ("127.0.0.0/8", "203.0.113.9")):
        edge = own_edge(edge_trusted_proxies=trusted, edge_ship_s=3600)
        httpx.get(f"{edge.url}/feeds/none.xml", headers=told)
        log = edge.data / "edge-logs" / "access.log"

        def seen(log: Path = log) -> list[str]:
            return [row["address"] for row in map(json.loads, log.read_text().splitlines()) if "none" in row["path"]]

        assert wait_until(seen, what="the line") == [address]
