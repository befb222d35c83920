"""The phones of the demo: each downloads, plays without a network, and syncs over a bad one, in a thread of its own."""

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from demo.creator import Episode
from demo.listening import HOUR_MS, MORE_THAN_MS, Habit, LivingClock, Sitting, Truth, begin_ms
from demo.network import NO_SERVICE, BadNetwork
from demo.platform import Platform
from service.device.downloading import Downloader
from service.device.log import DeviceLog
from service.device.player import Player
from service.device.syncing import Syncer

BATCH_RECORDS = 10
SLOWEST_S = 0.2
LONGEST_WAIT_S = 0.3
ATTEMPTS = 500


@dataclass(slots=True)
class Played:
    """What phones did, to be held against what was counted. ``truth`` has the columns of listens."""

    truth: list[dict[str, Any]] = field(default_factory=list)
    sittings: int = 0
    kept_back: int = 0
    content_ms: int = 0
    records: int = 0
    sent: int = 0
    most_sent: int = 0
    downloads: int = 0
    downloaded_bytes: int = 0
    happened: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Plain values; `Played(**them)` is the same again."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"happened": dict(self.happened)}


class Phone:
    """One of them."""

    def __init__(
        self, habit: Habit, number: int, folder: Path, platform: Platform, episodes: Sequence[Episode]
    ) -> None:
        """``folder`` is empty: a new device."""
        self.habit, self.folder, self.episodes = habit, folder, episodes
        self.log = DeviceLog(folder)
        self.network = BadNetwork(number, SLOWEST_S)
        self.written = 0
        self.has_played = False
        self.failure: Exception | None = None
        self.played = Played()
        self._downloaded: list[int] = []
        self._truth: dict[tuple[str, str], Truth] = {}
        self._client = platform.client(self.network)
        self.thread = threading.Thread(target=self._run, daemon=True)

    @property
    def acknowledged(self) -> int:
        """Records that the service has answered for."""
        return self.written - len(self.log.records)

    def _run(self) -> None:
        try:
            self._download()
            clock = self._play()
            clock.wake()
            syncer = Syncer(self.folder, self.log, clock, self._client, ATTEMPTS, BATCH_RECORDS, _wait)
            outcome = syncer.sync()
            if outcome.left:
                raise RuntimeError(f"{outcome.left} records of {self.habit.name} found no network")
        except Exception as error:  # noqa: BLE001  # the main thread raises it
            self.failure = error
        finally:
            self._client.close()
            self._sum_up()

    def _download(self) -> None:
        """What it is going to hear, going on where the network broke off; checked by the published digest."""
        downloader = Downloader(self.folder / "episodes", self._client, ATTEMPTS, _wait)
        for number in sorted({sitting.episode for sitting in self.habit.sittings}):
            episode = self.episodes[number]
            if episode.url is not None:
                path = downloader.fetch(episode.url, episode.sha256)
                self._downloaded.append(number)
                self.played.downloads += 1
                self.played.downloaded_bytes += path.stat().st_size

    def _play(self) -> LivingClock:
        """Plays its sittings in simulated time, as the past that they are by now."""
        today = dt.datetime.now(dt.UTC).date()
        first_ms = begin_ms(self.habit.sittings[0], today)
        wrong_ms = round(self.habit.clock_wrong_h * HOUR_MS)
        clock = LivingClock(first_ms - HOUR_MS, wall_error_ms=wrong_ms)
        player = Player(self.log, clock, offline=True)
        for number in self._downloaded:
            player.note_download(self.episodes[number].episode_id)
        for sitting in self.habit.sittings:
            began_ms = begin_ms(sitting, today)
            clock.advance(began_ms - clock.true_ms)
            episode = self.episodes[sitting.episode]
            player.rate_milli = sitting.rate_milli
            player.load(episode.episode_id, episode.duration_ms, sitting.from_s * 1000)
            player.play(sitting.for_s * 1000)
            self._note(sitting, episode, began_ms)
        self.written, self.has_played = len(self.log.records), True
        return clock

    def _note(self, sitting: Sitting, episode: Episode, began_ms: int) -> None:
        """Writes down what was truly heard; of 30 seconds or less the phone keeps no record."""
        from_ms = sitting.from_s * 1000
        to_ms = min(from_ms + sitting.for_s * 1000, episode.duration_ms)
        self.played.sittings += 1
        self.played.content_ms += to_ms - from_ms
        if to_ms - from_ms <= MORE_THAN_MS:
            self.played.kept_back += 1
            return
        day = dt.datetime.fromtimestamp(began_ms / 1000, dt.UTC).date().isoformat()
        truth = Truth(self.log.device_id, episode.episode_id, day, episode.duration_ms)
        truth = self._truth.setdefault((episode.episode_id, day), truth)
        truth.intervals_ms.append((from_ms, to_ms))
        truth.played_ms += (to_ms - from_ms) * 1000 // sitting.rate_milli
        truth.sessions += 1

    def _sum_up(self) -> None:
        self.played.truth = [truth.row() for truth in self._truth.values()]
        self.played.records = self.written
        self.played.sent = sum(self.network.sent.values())
        self.played.most_sent = max(self.network.sent.values(), default=0)
        self.played.happened = self.network.happened


def all_of(phones: Sequence[Phone]) -> Played:
    """What they did together."""
    whole = Played()
    for one in (phone.played for phone in phones):
        for name in ("sittings", "kept_back", "content_ms", "records", "sent", "downloads", "downloaded_bytes"):
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
        whole.truth += one.truth
        whole.happened += one.happened
        whole.most_sent = max(whole.most_sent, one.most_sent)
    return whole


def failures_of(played: Played) -> str:
    """How requests failed, in words."""
    words = {
        "lost request": "never arrived",
        "lost answer": "lost their answer",
        "cut": "broke off",
        NO_SERVICE: "found no service",
    }
    return ", ".join(f"{played.happened[kind]:,} {said}" for kind, said in words.items())


def _wait(seconds: float) -> None:
    """Less patient than a phone on a train: somebody is waiting."""
    time.sleep(min(seconds, LONGEST_WAIT_S))
