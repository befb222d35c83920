"""Input that is wrong or comes twice at once, and what stays the same whichever way it came about."""

import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from service.catalog.record import Catalogue
from service.media.addresses import Addresses
from tests.service.publishing.creators import PIECE, TUS, Creator, new_creator
from tests.service.publishing.edges import Edge
from tests.service.running import wait_until

Audio = Callable[[str], Path]


def test_a_cover_of_20_000_px_is_refused_undecoded(creator: Creator) -> None:
    show = creator.show()
    kept = wait_until(lambda: creator.client.get(f"/v1/shows/{show['id']}").json()["cover_url"], what="the cover")
    verdict = creator.upload(black_png(20_000), kind="cover", show_id=show["id"])
    assert (verdict["state"], [one["code"] for one in verdict["reasons"]]) == ("refused", ["cover_too_large"])
    assert creator.client.get(f"/v1/shows/{show['id']}").json()["cover_url"] == kept


def black_png(side_px: int) -> bytes:
    """A small file that fills the memory of whoever decodes it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((1 + side_px // 8) * side_px), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_one_file_uploaded_twice_at_once_is_one_version(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    episode = creator.episode(show)
    with ThreadPoolExecutor(2) as both:
        verdicts = list(both.map(lambda _: creator.upload(audio("tone.mp3"), episode_id=episode["id"]), range(2)))
    assert [one["state"] for one in verdicts] == ["accepted", "accepted"]
    made = creator.publish(episode)
    (line,) = [one for one in landed_lines(creator.edge) if one["episode_id"] == episode["id"]]
    assert [version["path"] for version in line["media"]] == [line["media_path"]]
    assert httpx.get(made["media"]["url"]).content == audio("tone.mp3").read_bytes()


def test_of_two_who_send_to_one_upload_at_once_the_second_waits_its_turn(creator: Creator, audio: Audio) -> None:
    whole = audio("tone.mp3").read_bytes()
    place = creator.begin(len(whole)).headers["Location"]
    statuses: list[int] = []

    def first() -> Iterator[bytes]:
        yield whole[:-1]
        wait_until(lambda: stands() == len(whole) - 1, what="what the first sent")
        statuses.append(creator.send(place, len(whole) - 1, whole[-1:]).status_code)
        yield whole[-1:]

    def stands() -> int:
        """How much is there; asking keeps nobody from sending."""
        return int(creator.client.head(place, headers=TUS).headers["Upload-Offset"])

    sent = creator.client.patch(place, content=first(), headers={**PIECE, "Upload-Offset": "0"})
    assert (sent.status_code, statuses) == (204, [423])
    assert creator.verdict(place)["state"] == "accepted"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("POST /v1/shows", r'{"title": "a\ud83d b", "categories": [{"name": "History"}]}', 201),
        ("POST /v1/shows", r'{"title": "\udc00", "categories": [{"name": "History"}]}', 422),
        ("POST /v1/shows", r'{"title": "a", "slug": "\ud83d", "categories": [{"name": "History"}]}', 422),
        ("POST /v1/shows", r'{"title": "a", "categories": [{"name": "\ud83d"}]}', 422),
        ("POST /v1/shows", r'{"title": "a", "\ud83d": 1, "categories": [{"name": "History"}]}', 422),
        ("PATCH /v1/shows/{show}", r'{"link": "https://example.org/\ud83d"}', 422),
        ("PATCH /v1/shows/{show}", r'{"description": "a\ud83db", "owner_email": "\ud83d@example.org"}', 422),
        ("PATCH /v1/shows/{show}", r'{"description": "a\ud83db"}', 200),
        ("POST /v1/shows/{show}/episodes", r'{"title": "a\ud83d b", "description": "\udfff"}', 201),
        ("POST /v1/shows/{show}/episodes", r'{"title": "a", "chapters": [{"start_ms": 0, "title": "b\ud83d"}]}', 201),
        ("POST /v1/shows/{show}/episodes", r'{"title": "a", "persons": [{"name": "\ud83d"}]}', 422),
        ("POST /v1/shows/{show}/subscribers", r'{"label": "a\ud83d b"}', 409),
        ("POST /v1/imports", r'{"url": "https://example.org/\ud83d"}', 422),
        ("POST /v1/accounts", r'{"kind": "creator", "name": "a\ud83d", "password": "a long password"}', 422),
        ("POST /v1/accounts", r'{"kind": "creator", "name": "abc", "password": "a long \ud83d password"}', 422),
        ("POST /v1/tokens", r'{"name": "a\ud83d", "password": "a long password"}', 422),
        ("POST /v1/devices", r'{"device_id": "\ud83d"}', 422),
    ],
)
def test_half_of_a_character(creator: Creator, path: str, body: str, status: int) -> None:
    show = creator.show()
    method, _, where = path.format(show=show["id"]).partition(" ")
    named = {"Content-Type": "application/json"}
    answer = creator.client.request(method, where, content=body.encode(), headers=named)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json" if status < 300 else "application/problem+json"
    assert not re.search(r"\\ud[89a-f]", answer.text)
    wait_until(lambda: httpx.get(show["feed_url"]).status_code == 200, what="the feed")
    assert creator.feed(show).findtext("title") == "Tides"


def test_a_host_may_be_an_address(creator: Creator) -> None:
    show = creator.show(link="https://[2001:db8::192.0.2.1]:8443/show")
    wait_until(lambda: httpx.get(show["feed_url"]).status_code == 200, what="the feed")
    assert creator.feed(show).findtext("link") == "https://[2001:db8::192.0.2.1]:8443/show"


def test_a_catalogue_that_was_kept_is_the_one_that_would_be_read(own_edge: Callable[..., Edge], audio: Audio) -> None:
    edge = own_edge()
    with new_creator(edge) as one, new_creator(edge) as other:
        shows = [one.show("Tides"), other.show("Times")]
        made = [who.published(show, audio("tone.mp3")) for who, show in zip((one, other), shows, strict=True)]
        path = f"/v1/episodes/{made[0]['id']}"
        changes: list[Callable[[], object]] = [
            lambda: one.client.patch(path, json={"title": "Changed"}),
            lambda: one.client.patch(f"/v1/shows/{shows[0]['id']}", json={"title": "Tides, and more"}),
            lambda: one.upload(audio("other.mp3"), episode_id=made[0]["id"]),
            lambda: one.client.post(f"{path}/withdraw"),
            lambda: one.client.patch(path, json={"title": "Changed when nobody could see it"}),
            lambda: one.publish(made[0]),
            lambda: other.published(shows[1], audio("long.mp3"), "The second"),
        ]
        seen = {edge.landed("catalog/episodes.ndjson")}
        for number, change in enumerate(changes):
            change()
            wait_until(lambda: edge.landed("catalog/episodes.ndjson") == read_anew(edge), what=f"change {number}")
            seen.add(edge.landed("catalog/episodes.ndjson"))
        assert len(seen) == len(changes) + 1


def read_anew(edge: Edge) -> bytes:
    """The catalogue as a service that has just started would write it."""
    engine = create_engine(f"sqlite:///{edge.data / 'service.db'}")
    with Session(engine) as session:
        return Catalogue(Addresses(edge.url)).content(session)


def landed_lines(edge: Edge) -> list[dict[str, Any]]:
    return [json.loads(line) for line in edge.landed("catalog/episodes.ndjson").splitlines()]
