"""Disks that are full, places that are away, clocks that jump: nothing is lost, and everybody is told what to do."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.accounts.signing_in import COOKIE
from service.feeds.compressing import BlockGzip
from service.feeds.files import write_feed_file
from tests.service.conftest import make_bucket_place
from tests.service.disks import no_file_beyond, read_only, small_disk
from tests.service.publishing.creators import PIECE, TUS, Creator, new_creator
from tests.service.publishing.edges import Edge, start_edge
from tests.service.running import folder_place, wait_until
from tests.service.storage import Weed, running_postgres, running_weed

Audio = Callable[[str], Path]
Asked = tuple[str, str, dict[str, Any]]


def test_without_room_uploads_are_sent_away_and_feeds_go_on(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with (
        small_disk(disk, 48),
        start_edge(disk / "data", folder_place(tmp_path)) as edge,
        new_creator(edge) as creator,
    ):
        show = creator.show()
        wait_until(lambda: httpx.get(show["feed_url"]).status_code == 200, what="the feed")
        assert_told_to_come_back(creator.begin(1_000_000, filename="tone.mp3"), "disk_full")
        fill(disk)
        given = {"title": "x", "categories": [{"name": "History"}]}
        assert creator.client.post("/v1/shows", json=given).status_code in (201, 503)
        assert httpx.get(show["feed_url"]).status_code == 200


def fill(disk: Path) -> None:
    """Writes until nothing goes in any more."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 65536)


def test_folders_that_become_read_only_are_told_of_and_made_up_for(own_edge: Callable[..., Edge], audio: Audio) -> None:
    edge = own_edge()
    with new_creator(edge) as creator:
        show = creator.show()
        made = creator.published(show, audio("tone.mp3"), "Before")
        place, path = creator.begin(1000).headers["Location"], f"/v1/episodes/{made['id']}"
        with read_only(*(edge.data / name for name in ("uploads", "feeds", "media", "drafts"))):
            chapters = {"chapters": [{"start_ms": 0, "title": "One"}]}
            assert_told_to_come_back(creator.begin(1000), "disk_full")
            assert_told_to_come_back(creator.send(place, 0, b"x" * 1000), "disk_full")
            assert_told_to_come_back(creator.client.patch(path, json=chapters), "disk_full")
            assert creator.client.patch(path, json={"title": "After"}).status_code == 200
            assert creator.titles(show) == ["Before"]
            assert httpx.get(made["media"]["url"]).status_code == 200
        wait_until(lambda: creator.titles(show) == ["After"], what="the change")
        assert creator.send(place, 0, b"x" * 1000).status_code == 204


def test_while_the_catalogue_cannot_land_no_feed_shows_what_is_new(own_edge: Callable[..., Edge], audio: Audio) -> None:
    edge = own_edge()
    with new_creator(edge) as creator:
        show = creator.show()
        made = creator.published(show, audio("tone.mp3"), "Before")
        catalogue = edge.data.parent / "landing" / "catalog"
        aside = catalogue.with_name("aside")
        catalogue.rename(aside)
        catalogue.write_text("in the way")
        assert creator.client.patch(f"/v1/episodes/{made['id']}", json={"title": "After"}).status_code == 200
        assert creator.titles(show) == ["Before"]
        catalogue.unlink()
        aside.rename(catalogue)
        wait_until(lambda: creator.titles(show) == ["After"], what="the change")
        assert b'"title":"After"' in edge.landed("catalog/episodes.ndjson")


def test_while_object_storage_is_away_feeds_go_on_and_media_say_when_to_come_back(
    postgres: str, tmp_path: Path, audio: Audio
) -> None:
    with running_weed(tmp_path / "weed") as weed:
        place = make_bucket_place(postgres, weed)
        with start_edge(tmp_path / "data", place) as edge, new_creator(edge) as creator:
            show = creator.show()
            made = creator.published(show, audio("tone.mp3"))
            assert httpx.get(made["media"]["url"]).status_code == 200
            weed.process.kill()
            weed.process.wait()
            gone = httpx.get(made["media"]["url"])
            assert (gone.status_code, gone.headers["content-type"]) == (503, "application/problem+json")
            assert int(gone.headers["Retry-After"]) > 0
            assert creator.titles(show) == ["The first tide"]
            chapters = {"chapters": [{"start_ms": 0, "title": "One"}]}
            changed = creator.client.patch(f"/v1/episodes/{made['id']}", json=chapters)
            assert_told_to_come_back(changed, "media_away")
            assert_told_to_come_back(creator.client.get(f"/v1/shows/{show['id']}/archive"), "media_away")
            whole = audio("other.mp3").read_bytes()
            place_of = creator.begin(len(whole), episode_id=made["id"]).headers["Location"]
            assert creator.send(place_of, 0, whole).status_code == 204
            said = wait_until(
                lambda: "media_away" in edge.service.said() or "not checked yet" in edge.service.said(), 120
            )
            assert said
            assert creator.client.get(place_of).json()["state"] == "checking"


def test_a_clock_that_jumps_back_still_dates_a_feed_later(tmp_path: Path) -> None:
    file = tmp_path / "tides.xml"
    write_feed_file(file, b"<rss>1</rss>", now_s=2_000_000_000, gzip=BlockGzip())
    write_feed_file(file, b"<rss>2</rss>", now_s=1_000_000_000, gzip=BlockGzip())
    assert file.stat().st_mtime == 2_000_000_001


def test_the_disk_fills_in_the_middle_of_a_piece(own_edge: Callable[..., Edge], audio: Audio) -> None:
    edge = own_edge()
    with new_creator(edge) as creator:
        whole = audio("long.mp3").read_bytes()
        place = creator.begin(len(whole)).headers["Location"]
        assert creator.send(place, 0, whole[:100_000]).status_code == 204
        with no_file_beyond(edge.service, 400_000):
            refused = creator.send(place, 100_000, whole[100_000:])
        assert_told_to_come_back(refused, "disk_full")
        stands = int(creator.client.head(place, headers=TUS).headers["Upload-Offset"])
        assert stands == 100_000
        assert creator.send(place, stands, whole[stands:]).status_code == 204
        verdict = creator.verdict(place)
        assert (verdict["state"], verdict["length"]) == ("accepted", len(whole))


def assert_told_to_come_back(answer: httpx.Response, code: str) -> None:
    assert answer.status_code == 503, (answer.request.method, answer.request.url, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:podledger:problem:{code}"
    assert int(answer.headers["Retry-After"]) > 0


def writes(show: dict[str, Any], there: dict[str, Any], episode: dict[str, Any], place: str) -> list[Asked]:
    """A request of every kind that changes something: a show, an episode that is there and a draft, an upload."""
    path = f"/v1/episodes/{episode['id']}"
    piece = {"content": b"x" * 1000, "headers": {**PIECE, "Upload-Offset": "1000"}}
    return [
        ("POST", "/v1/shows", {"json": {"title": "New", "categories": [{"name": "History"}]}}),
        ("PATCH", f"/v1/shows/{show['id']}", {"json": {"title": "Changed"}}),
        ("POST", f"/v1/shows/{show['id']}/episodes", {"json": {"title": "New"}}),
        ("PATCH", path, {"json": {"title": "Changed", "chapters": [{"start_ms": 0, "title": "One"}]}}),
        ("POST", f"{path}/publish", {"json": {}}),
        ("POST", f"/v1/episodes/{there['id']}/withdraw", {}),
        ("POST", "/v1/uploads", {"headers": {**TUS, "Upload-Length": "1000"}}),
        ("PATCH", place, piece),
        ("DELETE", place, {"headers": TUS}),
        ("POST", "/v1/imports", {"json": {"url": "https://example.org/feed"}}),
    ]


@pytest.fixture
def begun(own_edge: Callable[..., Edge], audio: Audio) -> Iterator[tuple[Creator, list[Asked], dict[str, Any]]]:
    """A creator, everything they could change, and the state before."""
    with new_creator(own_edge()) as creator:
        yield (creator, *begin_all(creator, audio("tone.mp3")))


def begin_all(creator: Creator, file: Path) -> tuple[list[Asked], dict[str, Any]]:
    show = creator.show()
    there = creator.published(show, file)
    episode = creator.episode(show, "A draft")
    assert creator.upload(file, episode_id=episode["id"])["state"] == "accepted"
    place = creator.begin(100_000).headers["Location"]
    assert creator.send(place, 0, b"x" * 1000).status_code == 204
    return writes(show, there, episode, place), {"show": show, "state": state(creator)}


def state(creator: Creator) -> list[Any]:
    """All that a creator has."""
    paths = ("/v1/shows", "/v1/uploads", "/v1/imports", "/v1/account/export")
    return [creator.client.get(path).json() for path in paths]


def test_a_disk_that_takes_nothing_changes_nothing(begun: tuple[Creator, list[Asked], dict[str, Any]]) -> None:
    creator, asked, before = begun
    with no_file_beyond(creator.edge.service, 0):
        for method, path, more in asked:
            answer = creator.client.request(method, path, **more)
            assert_told_to_come_back(answer, answer.json().get("type", "").rsplit(":", 1)[-1])
        assert creator.titles(before["show"]) == ["The first tide"]
    assert state(creator) == before["state"]
    answers = [creator.client.request(method, path, **more).status_code for method, path, more in asked]
    assert answers == [201, 200, 201, 200, 200, 200, 201, 204, 204, 202]


def test_while_the_database_is_away_nobody_is_told_anything_else(weed: Weed, tmp_path: Path, audio: Audio) -> None:
    with ExitStack() as stack:
        with running_postgres() as url:
            place = make_bucket_place(url, weed)
            edge = stack.enter_context(start_edge(tmp_path / "data", place, database_wait_s=2))
            creator = stack.enter_context(new_creator(edge))
            asked, before = begin_all(creator, audio("tone.mp3"))
        reads: list[Asked] = [("GET", path, {}) for path in ("/v1/shows", "/v1/uploads", "/v1/account/export")]
        for method, path, more in (*asked, *reads):
            assert_told_to_come_back(creator.client.request(method, path, **more), "database_away")
        page = httpx.get(f"{edge.url}/studio", cookies={COOKIE: creator.token}, follow_redirects=False)
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert int(page.headers["Retry-After"]) > 0
        assert creator.titles(before["show"]) == ["The first tide"]
        assert "its trace follows" not in edge.service.said()
