"""Publishing through the public doors: what the feed, the catalogue and nginx say afterwards."""

import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import podcastparser
import pytest

from jobs.records.catalogue import read_catalogue
from tests.service.publishing.creators import NAMES, Creator, new_creator
from tests.service.publishing.edges import Edge
from tests.service.running import wait_until

Audio = Callable[[str], Path]


def catalogue(edge: Edge) -> dict[str, dict[str, Any]]:
    """The rows that landed, by episode; read as the jobs read them."""
    content = edge.landed("catalog/episodes.ndjson")
    return {name: json.loads(episode.row) for name, episode in read_catalogue(content, {}).items()}


def test_an_episode_is_in_feed_catalogue_and_media_once_it_is_published(creator: Creator, audio: Audio) -> None:
    show = creator.show("Tides & Times 🌊", description="About <b>tides</b>.")
    notes = "Hello\n\nworld"
    made = creator.published(show, audio("tone.mp3"), "One", description=notes, season=1, episode=1)
    answer = httpx.get(show["feed_url"])
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    read = podcastparser.parse(show["feed_url"], io.BytesIO(answer.content))
    assert (read["title"], [one["title"] for one in read["episodes"]]) == ("Tides & Times 🌊", ["One"])
    (enclosure,) = read["episodes"][0]["enclosures"]
    assert enclosure["url"] == made["media"]["url"]
    assert enclosure["url"].endswith(".mp3")
    audio_there = httpx.get(enclosure["url"], headers={"Range": "bytes=-100"})
    whole = audio("tone.mp3").read_bytes()
    assert (audio_there.status_code, audio_there.content) == (206, whole[-100:])
    row = catalogue(creator.edge)[made["id"]]
    assert row["show_id"] == show["id"]
    assert row["guid"] == read["episodes"][0]["guid"]
    assert row["enclosure_urls"] == [enclosure["url"]]
    assert (row["media_bytes"], row["duration_ms"]) == (len(whole), made["media"]["duration_ms"])
    assert enclosure["url"].endswith(row["media_path"])
    assert [version["path"] for version in row["media"]] == [row["media_path"]]


def test_nobody_hears_of_a_draft(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    episode = creator.episode(show)
    creator.upload(audio("tone.mp3"), episode_id=episode["id"])
    wait_until(lambda: httpx.get(show["feed_url"]).status_code == 200, what="the feed")
    assert creator.titles(show) == []
    assert (
        episode["id"] not in catalogue(creator.edge)
        if creator.edge.place.landing.stamp("catalog/episodes.ndjson")
        else True
    )


def test_a_replaced_file_has_an_address_of_its_own_and_both_stay_known(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    made = creator.published(show, audio("tone.mp3"))
    verdict = creator.upload(audio("tone.opus"), filename="b.opus", episode_id=made["id"])
    assert verdict["state"] == "accepted"
    now = creator.client.get(f"/v1/episodes/{made['id']}").json()
    assert now["media"]["url"].endswith(".opus")
    assert now["media"]["media_type"] == "audio/ogg"
    assert now["guid"] == made["guid"]
    assert now["published_ms"] == made["published_ms"]
    wait_until(lambda: _enclosure(creator, show) == now["media"]["url"], what="the new address")
    row = catalogue(creator.edge)[made["id"]]
    assert row["enclosure_urls"] == [made["media"]["url"], now["media"]["url"]]
    assert [one["from_ms"] for one in row["media"]] == sorted(one["from_ms"] for one in row["media"])
    assert httpx.get(made["media"]["url"]).status_code == 200, "who has the old address can still finish"
    again = creator.upload(audio("tone.opus"), filename="again.opus", episode_id=made["id"])
    assert again["state"] == "accepted"
    assert creator.client.get(f"/v1/episodes/{made['id']}").json()["media"] == now["media"]


def _enclosure(creator: Creator, show: dict[str, Any]) -> str | None:
    found = creator.feed(show).find("item/enclosure")
    return None if found is None else found.get("url")


def test_a_scheduled_episode_appears_by_itself_dated_as_was_promised(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    episode = creator.episode(show, "Later")
    creator.upload(audio("tone.mp3"), episode_id=episode["id"])
    at_ms = time.time_ns() // 1_000_000 + 1_500
    assert creator.publish(episode, at_ms=at_ms)["status"] == "scheduled"
    assert creator.titles(show) == []
    wait_until(lambda: creator.titles(show) == ["Later"], what="the episode")
    assert time.time_ns() // 1_000_000 >= at_ms
    assert creator.client.get(f"/v1/episodes/{episode['id']}").json()["published_ms"] == at_ms


def test_a_withdrawn_episode_leaves_the_feed_and_stays_in_the_catalogue(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    made = creator.published(show, audio("tone.mp3"))
    assert creator.client.post(f"/v1/episodes/{made['id']}/withdraw").json()["status"] == "withdrawn"
    assert creator.titles(show) == []
    assert catalogue(creator.edge)[made["id"]]["withdrawn_ms"] >= made["published_ms"]
    back = creator.publish(made)
    assert (back["guid"], back["published_ms"]) == (made["guid"], made["published_ms"])
    assert "withdrawn_ms" not in catalogue(creator.edge)[made["id"]]


def test_publishing_twice_changes_nothing(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    made = creator.published(show, audio("tone.mp3"))
    before = httpx.get(show["feed_url"])
    assert creator.publish(made) == made
    after = httpx.get(show["feed_url"])
    assert [answer.headers["etag"] for answer in (before, after)] == [before.headers["etag"]] * 2


def test_tags_change_with_the_content_alone_and_304_is_answered(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    made = creator.published(show, audio("tone.mp3"))
    for encoding in ("gzip", "identity"):
        plain = {"Accept-Encoding": encoding}
        first = httpx.get(show["feed_url"], headers=plain)
        assert first.headers.get("content-encoding", "identity") == encoding
        by_tag = httpx.get(show["feed_url"], headers={**plain, "If-None-Match": first.headers["etag"]})
        by_date = httpx.get(show["feed_url"], headers={**plain, "If-Modified-Since": first.headers["last-modified"]})
        assert (by_tag.status_code, by_date.status_code) == (304, 304)
    creator.client.patch(f"/v1/episodes/{made['id']}", json={"title": "Another title"})
    changed = httpx.get(show["feed_url"], headers={"If-None-Match": first.headers["etag"], **plain})
    assert (changed.status_code, "Another title" in changed.text) == (200, True)
    assert changed.headers["last-modified"] != first.headers["last-modified"]


def test_other_items_stay_byte_for_byte_when_one_is_published(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    for title in ("One", "Two"):
        creator.published(show, audio("tone.mp3"), title)
    before = httpx.get(show["feed_url"]).text.split("    <item>\n")[1:]
    creator.published(show, audio("tone.mp3"), "Three")
    after = httpx.get(show["feed_url"]).text.split("    <item>\n")[1:]
    assert after[1:] == before


def test_a_long_show_is_cut_into_pages_that_link_to_each_other(own_edge: Callable[..., Edge], audio: Audio) -> None:
    edge = own_edge(feeds_page_items=2)
    with new_creator(edge) as creator:
        show = creator.show()
        for number in range(4):
            creator.published(show, audio("tone.mp3"), f"E{number}")
        assert creator.titles(show) == ["E3", "E2"]
        links = {link.get("rel"): link.get("href") for link in creator.feed(show).iterfind("atom:link", NAMES)}
        older = httpx.get(str(links["next"]))
        assert (older.status_code, older.text.count("<item>")) == (200, 2)
        creator.published(show, audio("tone.mp3"), "E4")
        assert creator.titles(show) == ["E4", "E3", "E2"]
        assert httpx.get(str(links["next"])).headers["etag"] == older.headers["etag"]
        for lost in (edge.data / "feeds" / show["slug"]).iterdir():
            lost.unlink()
        assert httpx.get(str(links["next"])).status_code == 404
        creator.published(show, audio("tone.mp3"), "E5")
        assert httpx.get(str(links["next"])).text.count("<item>") == 2, "a page that was lost is written with the next"


def test_somebody_elses_things_are_not_there(creator: Creator, edge: Edge, audio: Audio) -> None:
    show = creator.show()
    episode = creator.episode(show)
    upload = creator.begin(10, episode_id=episode["id"]).headers["Location"]
    with new_creator(edge) as other:
        asked = [
            other.client.get(f"/v1/shows/{show['id']}"),
            other.client.patch(f"/v1/shows/{show['id']}", json={"title": "Mine"}),
            other.client.post(f"/v1/shows/{show['id']}/episodes", json={"title": "x"}),
            other.client.get(f"/v1/episodes/{episode['id']}"),
            other.client.post(f"/v1/episodes/{episode['id']}/publish", json={}),
            other.client.get(upload),
            other.client.delete(upload, headers={"Tus-Resumable": "1.0.0"}),
            other.begin(10, episode_id=episode["id"]),
            other.client.get(f"/v1/shows/{show['id']}/subscribers"),
        ]
        assert {answer.status_code for answer in asked} == {404}
        assert all(answer.headers["content-type"] == "application/problem+json" for answer in asked)
        assert other.client.get("/v1/shows").json()["items"] == []
    assert creator.client.get(f"/v1/shows/{show['id']}").json()["title"] == "Tides"


def test_lists_are_paged(creator: Creator) -> None:
    titles = [f"Show {number}" for number in range(5)]
    for title in titles:
        creator.show(title)
    seen: list[str] = []
    after = None
    while True:
        given = {"limit": 2, **({"after": after} if after else {})}
        page = creator.client.get("/v1/shows", params=given).json()
        seen.extend(show["title"] for show in page["items"])
        if (after := page["next"]) is None:
            break
    assert seen == titles


def test_a_request_repeated_under_one_key_is_done_once(creator: Creator) -> None:
    key = {"Idempotency-Key": "k-1"}
    given = {"title": "Once", "categories": [{"name": "History"}]}
    first, second = (creator.client.post("/v1/shows", json=given, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(creator.client.get("/v1/shows").json()["items"]) == 1
    other = creator.client.post("/v1/shows", json={**given, "title": "Twice"}, headers=key)
    assert (other.status_code, other.json()["type"].rsplit(":", 1)[1]) == (422, "key_used")


@pytest.mark.parametrize(
    "changed",
    [
        {"title": ""},
        {"title": "\u0007\u0000"},
        {"title": "x" * 256},
        {"categories": []},
        {"categories": [{"name": "Nonsense"}]},
        {"language": "klingon!"},
        {"link": "javascript:alert(1)"},
        {"link": "https://"},
        {"link": "https://[2001:db8::1::2]/"},
        {"slug": "../etc"},
        {"slug": "private"},
        {"owner_email": "nobody"},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_show_with_a_fault_is_refused_with_what_to_mend(creator: Creator, changed: dict[str, Any]) -> None:
    given = {"title": "Fine", "categories": [{"name": "History"}], **changed}
    answer = creator.client.post("/v1/shows", json=given)
    assert answer.status_code in (409, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_names_with_everything_in_them_are_kept_as_far_as_a_feed_can(creator: Creator, audio: Audio) -> None:
    raw = '{"title": "a\\u0007b\\ud800 🌊 \\u202eשלום\\u0000", "categories": [{"name": "History"}]}'
    answer = creator.client.post("/v1/shows", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    show = answer.json()
    assert show["title"] == "ab 🌊 \u202eשלום"
    creator.published(show, audio("tone.mp3"), "‮evil‬ <b>&amp;</b>")
    assert creator.feed(show).findtext("title") == "ab 🌊 \u202eשלום"


def test_an_episode_without_audio_cannot_be_published(creator: Creator) -> None:
    episode = creator.episode(creator.show())
    answer = creator.client.post(f"/v1/episodes/{episode['id']}/publish", json={})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:podledger:problem:no_audio")


def test_killed_in_the_middle_it_makes_up_for_what_was_left(own_edge: Callable[..., Edge], audio: Audio) -> None:
    edge = own_edge(feeds_tick_s=0.1)
    with new_creator(edge) as creator:
        show = creator.show()
        made = creator.published(show, audio("tone.mp3"), "Kept")
        edge.service.kill()
        for file in (edge.data / "feeds").glob("*"):
            file.unlink()
        edge.service.start()
        creator.client.patch(f"/v1/episodes/{made['id']}", json={"title": "Kept, and changed"})
        wait_until(lambda: httpx.get(show["feed_url"]).status_code == 200, what="the feed")
        assert creator.titles(show) == ["Kept, and changed"]


def test_ones_shows_can_be_taken_along_with_everything(creator: Creator, audio: Audio) -> None:
    show = creator.show("Tides")
    made = creator.published(show, audio("tone.mp3"), "One", chapters=[{"start_ms": 0, "title": "Intro"}])
    kept = creator.client.get("/v1/account/export").json()["catalogue"]["shows"]
    assert [(one["title"], [episode["guid"] for episode in one["episodes"]]) for one in kept] == [
        ("Tides", [made["guid"]])
    ]
    answer = creator.client.get(f"/v1/shows/{show['id']}/archive")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        files = {name: archive.extractfile(name) for name in archive.getnames()}
        contents = {name: file.read() for name, file in files.items() if file is not None}
    path = kept[0]["episodes"][0]["media"][0]["path"]
    assert contents[path] == audio("tone.mp3").read_bytes()
    assert json.loads(contents["show.json"])["episodes"][0]["title"] == "One"
    assert [name.rsplit(".", 1)[1] for name in contents] == ["json", "png", "json", "mp3"]
