"""From players that speak other protocols to claimed listens: a real episode, real clients, the jobs."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Ran
from tests.needs import needs
from tests.properties.tables import rows
from tests.service.conftest import listener
from tests.service.publishing.creators import new_creator
from tests.service.publishing.edges import Edge
from tests.service.running import wait_until
from tests.service.test_mygpoclient import DEBIAN_PYTHON

WITH_MYGPOCLIENT = """
import sys
from mygpoclient import api
name, password, url, podcast, episode = sys.argv[1:]
client = api.MygPodderClient(name, password, url)
about = podcast, episode, "play", "laptop"
plays = [api.EpisodeAction(*about, "2026-10-05T11:0%d:00" % to, 0, to * 20, 100) for to in (1, 2)]
client.upload_episode_actions(plays)
client.upload_episode_actions(plays)
"""


def test_claims_become_listens_of_their_own(
    own_edge: Callable[..., Edge], audio: Callable[[str], Path], podledger: Callable[..., Ran], tmp_path: Path
) -> None:
    needs("gpodder")
    edge = own_edge()
    with new_creator(edge) as creator:
        show = creator.show()
        made = creator.published(show, audio("long.mp3"), "A long one")
        item = creator.feed(show).find("item")
    assert item is not None
    enclosure = item.find("enclosure")
    assert enclosure is not None
    about = {"podcast": show["feed_url"], "episode": enclosure.attrib["url"], "guid": item.findtext("guid")}
    ana, bo = listener(edge.service), listener(edge.service)
    _as_antennapod(edge, ana, about)
    _report(edge, show["id"], made["id"])
    command = [DEBIAN_PYTHON, "-c", WITH_MYGPOCLIENT, bo["name"], bo["password"], edge.service.url]
    subprocess.run([*command, about["podcast"], about["episode"]], check=True, timeout=120)
    wait_until(lambda: len(edge.place.landed_lines()) == 6, what="every batch")
    landing, lake = tmp_path / "edge0" / "landing", tmp_path / "lake"
    ran = podledger("run", "--landing", landing, "--lake", lake)
    assert ran.code == 0, ran.err

    listens = {row["listener_id"]: row for row in rows(lake, "silver/listens")}
    assert {(row["evidence"], row["episode_id"]) for row in listens.values()} == {("claimed", made["id"])}
    heard = sorted([(span["from_ms"], span["to_ms"]) for span in row["heard"]] for row in listens.values())
    assert heard == sorted([[(0, 60_000)], [(0, 31_000)], [(0, 40_000)]])
    assert {row["played_ms"] - row["heard_ms"] for row in listens.values()} == {0}
    assert {row["status"] for row in listens.values()} == {"counted"}
    refused = [(row["reason"], json.loads(row["raw"])["episode"]) for row in rows(lake, "silver/rejected")]
    assert refused == [("unknown_episode", "https://elsewhere.example/2.mp3")] * 2, "a retried upload is two copies"
    assert len(rows(lake, "silver/device_logs")) == 0
    before = rows(lake, "silver/events")
    assert podledger("run", "--landing", landing, "--lake", lake).code == 0
    assert rows(lake, "silver/events") == before


def _as_antennapod(edge: Edge, account: dict[str, Any], about: dict[str, Any]) -> None:
    """Uploads what was played with two pauses, marked as played at last; the answer gets lost, so once more."""
    play = {**about, "action": "play", "timestamp": "2026-10-05T11:00:00", "started": 0, "position": 30, "total": 100}
    actions = [
        play,
        {**play, "timestamp": "2026-10-05T11:01:00", "position": 60},
        {**play, "timestamp": "2026-10-05T11:01:05", "started": 100, "position": 100},
        {**play, "episode": "https://elsewhere.example/2.mp3", "guid": "elsewhere-2"},
    ]
    with httpx.Client(base_url=edge.service.url, auth=(account["name"], account["password"]), timeout=30) as client:
        for _ in range(2):
            answer = client.post(f"/api/2/episodes/{account['name']}.json", json=actions)
            assert (answer.status_code, answer.json()["update_urls"]) == (200, [])


def _report(edge: Edge, show_id: str, episode_id: str) -> None:
    """Reports two markers of the tag, and again, stamped anew."""
    for hour in (10, 11):
        times = {"00:00:00.000": f"2026-10-05T{hour}:00:00+02:00", "00:00:31.000": f"2026-10-05T{hour}:00:31+02:00"}
        events = [{"eventTime": place, "timestamp": time} for place, time in times.items()]
        session = {"podcastId": show_id, "episodeId": episode_id, "sessionId": "7d3e", "events": events}
        assert httpx.post(f"{edge.url}/v1/rad", json={"audioSessions": [session]}, timeout=30).status_code == 200
