"""Disks that are full, places that are away, clocks that jump: nothing is lost, and everybody is told what to do."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from service.feeds.files import write_feed_file
from tests.service.conftest import make_bucket_place
from tests.service.publishing.creators import new_creator
from tests.service.publishing.edges import Edge, start_edge
from tests.service.running import folder_place, running_weed, wait_until

Audio = Callable[[str], Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_without_room_uploads_are_sent_away_and_feeds_go_on(small_disk: Path, tmp_path: Path, audio: Audio) -> None:
    with start_edge(small_disk / "data", folder_place(tmp_path)) as edge, new_creator(edge) as creator:
        show = creator.show()
        wait_until(lambda: httpx.get(show["feed_url"]).status_code == 200, what="the feed")
        refused = creator.begin(1_000_000, filename="tone.mp3")
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:podledger:problem:disk_full")
        assert int(refused.headers["Retry-After"]) > 0
        (small_disk / "filler").write_bytes(b"x" * (40 << 20))
        with (small_disk / "rest").open("wb") as rest:
            try:
                while True:
                    rest.write(b"x" * 65536)
                    rest.flush()
            except OSError:
                pass
        assert creator.client.post(
            "/v1/shows", json={"title": "x", "categories": [{"name": "History"}]}
        ).status_code in (
            201,
            503,
        )
        assert httpx.get(show["feed_url"]).status_code == 200


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
    write_feed_file(file, b"<rss>1</rss>", now_s=2_000_000_000)
    write_feed_file(file, b"<rss>2</rss>", now_s=1_000_000_000)
    assert file.stat().st_mtime == 2_000_000_001
