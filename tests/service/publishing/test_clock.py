"""The clock of a running service and its nginx jumps: what appears, what is served, and what is told to others."""

import json
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.jumping import DAY_S, HOUR_S, Clock
from tests.service.publishing.abroad import Abroad, somebody_elses
from tests.service.publishing.creators import Creator, new_creator
from tests.service.publishing.edges import Edge, start_edge
from tests.service.running import folder_place, wait_until

Audio = Callable[[str], Path]
LINK_S = 600


@pytest.fixture(scope="module")
def hub() -> Iterator[Abroad]:
    with somebody_elses() as running:
        yield running


@pytest.fixture(scope="module")
def running_clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock") / "clock")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, hub: Abroad, running_clock: Clock) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("jumping")
    place = folder_place(folder)
    place.environment.update(running_clock.environment())
    settings = {"feeds_hubs": f"{hub.url}/hub", "media_link_s": LINK_S}
    with start_edge(folder / "data", place, **settings) as running:
        yield running


@pytest.fixture
def clock(running_clock: Clock) -> Iterator[Clock]:
    yield running_clock
    running_clock.jump(0)


@pytest.fixture
def creator(edge: Edge) -> Iterator[Creator]:
    with new_creator(edge) as made:
        yield made


def scheduled(creator: Creator, show: dict[str, Any], file: Path, title: str, clock: Clock, in_ms: int) -> str:
    """An episode that is to appear so much later; its id."""
    episode = creator.episode(show, title)
    assert creator.upload(file, episode_id=episode["id"])["state"] == "accepted"
    assert creator.publish(episode, at_ms=clock.now_ms() + in_ms)["status"] == "scheduled"
    return str(episode["id"])


def test_what_was_promised_for_a_time_appears_when_the_clock_is_there_and_stays(
    creator: Creator, audio: Audio, clock: Clock
) -> None:
    show = creator.show()
    later = f"/v1/episodes/{scheduled(creator, show, audio('tone.mp3'), 'Later', clock, HOUR_S * 1000)}"
    at_ms = creator.client.get(later).json()["publish_at_ms"]
    clock.jump(-DAY_S)
    scheduled(creator, show, audio("tone.mp3"), "Soon", clock, HOUR_S * 1000)
    clock.jump(-DAY_S + 2 * HOUR_S)
    wait_until(lambda: creator.titles(show) == ["Soon"], what="the other, in a turn that passed this one over")
    clock.jump(2 * HOUR_S)
    wait_until(lambda: creator.titles(show) == ["Later", "Soon"], what="the episode")
    clock.jump(-DAY_S)
    assert creator.client.patch(later, json={"title": "Changed"}).status_code == 200
    assert creator.titles(show) == ["Changed", "Soon"]
    assert creator.client.get(later).json()["published_ms"] == at_ms
    gone = creator.client.post(f"{later}/withdraw").json()
    assert gone["withdrawn_ms"] >= gone["published_ms"]


def test_a_feed_that_changes_is_later_than_before_whatever_the_clock_says(
    creator: Creator, audio: Audio, clock: Clock
) -> None:
    show = creator.show()
    clock.jump(3 * HOUR_S)
    made = creator.published(show, audio("tone.mp3"))
    seen = [httpx.get(show["feed_url"])]
    for number, off_s in enumerate((-2 * HOUR_S, 4 * HOUR_S, -DAY_S)):
        clock.jump(off_s)
        creator.client.patch(f"/v1/episodes/{made['id']}", json={"title": f"Title {number}"})
        known = {"If-None-Match": seen[-1].headers["etag"], "If-Modified-Since": seen[-1].headers["last-modified"]}
        seen.append(httpx.get(show["feed_url"], headers=known))
        assert (seen[-1].status_code, f"Title {number}" in seen[-1].text) == (200, True)
        again = {"If-None-Match": seen[-1].headers["etag"]}
        assert httpx.get(show["feed_url"], headers=again).status_code == 304
    dates = [parsedate_to_datetime(one.headers["last-modified"]) for one in seen]
    assert dates == sorted(set(dates))
    assert len({one.headers["etag"] for one in seen}) == len(seen)


def test_versions_of_a_file_follow_each_other_though_the_clock_went_back(
    creator: Creator, audio: Audio, clock: Clock
) -> None:
    clock.jump(3 * HOUR_S)
    made = creator.published(creator.show(), audio("tone.mp3"))
    clock.jump(-2 * HOUR_S)
    assert creator.upload(audio("other.mp3"), episode_id=made["id"])["state"] == "accepted"
    newest = creator.client.get(f"/v1/episodes/{made['id']}").json()["media"]
    assert newest["from_ms"] > made["media"]["from_ms"]

    def versions() -> list[str]:
        rows = [json.loads(line) for line in creator.edge.landed("catalog/episodes.ndjson").splitlines()]
        return [url for row in rows if row["episode_id"] == made["id"] for url in row["enclosure_urls"]]

    wait_until(lambda: versions() == [made["media"]["url"], newest["url"]], what="both, the older first")


def test_signed_paths_end_by_the_clock_and_new_ones_open(creator: Creator, audio: Audio, clock: Clock) -> None:
    show = creator.show("Secret", private=True)
    creator.published(show, audio("tone.mp3"))
    subscriber = creator.made(f"/v1/shows/{show['id']}/subscribers", {"label": "Bob"})
    enclosure = httpx.get(subscriber["feed_url"]).text.split('enclosure url="')[1].split('"')[0]
    with creator.edge.client() as client:
        signed = client.get(enclosure).headers["location"]
        assert client.get(signed).status_code == 200
        for off_s, status in ((LINK_S + HOUR_S, 410), (-2 * HOUR_S, 200), (LINK_S + 60, 410), (0, 200)):
            clock.jump(off_s)
            answer = client.get(signed)
            assert answer.status_code == status, off_s
            assert status == 200 or answer.headers["content-type"] == "application/problem+json"
            assert client.get(client.get(enclosure).headers["location"]).status_code == 200
        assert creator.client.delete(f"/v1/shows/{show['id']}/subscribers/{subscriber['id']}").status_code == 204
        clock.jump(-2 * HOUR_S)
        assert client.get(enclosure).status_code == 404


def test_the_access_log_lands_though_the_clock_went_back(creator: Creator, audio: Audio, clock: Clock) -> None:
    made = creator.published(creator.show(), audio("tone.mp3"))
    url, edge = made["media"]["url"], creator.edge
    clock.jump(3 * HOUR_S)
    assert httpx.get(url, headers={"User-Agent": "from ahead"}).status_code == 200
    clock.jump(-2 * HOUR_S)
    assert httpx.get(url, headers={"User-Agent": "from behind"}).status_code == 200
    wait_until(lambda: edge.statuses(url, "from behind") == [200], what="the line")
    wait_until(
        lambda: edge.statuses(url, "from ahead") == [200] or "impossible_time 1" in edge.service.said(),
        what="what became of the line from a time that is yet to come",
    )


def test_a_hub_hears_of_a_change_though_the_clock_went_back(creator: Creator, clock: Clock, hub: Abroad) -> None:
    hub.files.pop("/hub", None)
    hub.statuses[:] = [503] * 100
    clock.jump(3 * HOUR_S)
    show = creator.show()
    path = f"/v1/shows/{show['id']}/notices"

    def outcomes() -> list[str]:
        return [one["outcome"] for one in creator.client.get(path).json()["items"]]

    wait_until(lambda: outcomes() == ["answered 503"], what="the refusal")
    clock.jump(0)
    hub.files["/hub"] = b""
    wait_until(lambda: outcomes() == ["told"], what="the yes")
