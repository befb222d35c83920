"""From a creator's upload to a counted listen: every part real, and the network between them bad."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from demo.network import BadNetwork
from jobs.records.catalogue import Episode, read_catalogue
from jobs.records.counting import count
from jobs.records.listens import Status, daily_listens
from service.device.clock import SimulatedClock
from service.device.downloading import Downloader
from service.device.log import DeviceLog
from service.device.player import Player
from service.device.syncing import Syncer
from tests.service.conftest import listener
from tests.service.publishing.conftest import audio, edge
from tests.service.publishing.creators import new_creator
from tests.service.publishing.edges import Edge
from tests.service.running import wait_until

__all__ = ["audio", "edge"]

START_MS = 1_794_355_000_000


def listed(edge: Edge, episode_id: str) -> dict[str, Episode] | None:
    """The catalogue once it has the episode."""
    content = edge.place.landing.read("catalog/episodes.ndjson")
    episodes = {} if content is None else read_catalogue(content, {})
    return episodes if episode_id in episodes else None


@pytest.mark.parametrize("heard_ms", [30_000, 61_000])
def test_from_upload_to_listen(edge: Edge, audio: Callable[[str], Path], tmp_path: Path, heard_ms: int) -> None:
    with new_creator(edge) as creator:
        made = creator.published(creator.show(), audio("long.mp3"), "A long one")
    episodes = wait_until(lambda: listed(edge, made["id"]), what="the episode in the catalogue")
    episode = episodes[made["id"]]
    account = listener(edge.service)
    with httpx.Client(base_url=edge.url, transport=BadNetwork(seed=7), timeout=30) as client:
        path = Downloader(tmp_path / "episodes", client, attempts=50, wait=lambda _s: None).fetch(made["media"]["url"])
        assert path.read_bytes() == audio("long.mp3").read_bytes()
        log, clock = DeviceLog(tmp_path), SimulatedClock(START_MS, wall_error_ms=3_600_000)
        player = Player(log, clock, offline=True)
        player.note_download(episode.episode_id)
        player.load(episode.episode_id, episode.duration_ms)
        player.play(heard_ms)

        def wait(seconds: float) -> None:
            clock.advance(round(seconds * 1000))

        outcome = Syncer(tmp_path, log, clock, client, 50, wait=wait, account_token=account["token"]).sync()
    assert outcome.left == 0
    assert set(outcome.acknowledged.values()) <= {"stored", "duplicate"}
    mine = log.device_id.encode()

    def landed() -> list[bytes]:
        return [line for line in edge.place.landed_lines() if mine in line]

    wait_until(landed, what="the batch")
    durations = {name: one.duration_ms for name, one in episodes.items()}
    counted = count(landed(), durations)
    assert counted.refusals == []
    listens = daily_listens(counted.events.values(), durations)
    if heard_ms == 30_000:
        assert listens == {}, "exactly 30 seconds stay on the device"
        return
    (listen,) = listens.values()
    assert (listen.status, listen.heard_ms, listen.offline_ms) == (Status.COUNTED, heard_ms, heard_ms)
    assert listen.listener_id not in (account["account_id"], account["name"], log.device_id)
