"""The demo's second part: a service, a creator, and phones that sync through a network that fails them."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from demo.creator import Episode, ask_as_an_app, publish
from demo.listening import HABITS
from demo.phones import Phone, Played, all_of, failures_of
from demo.platform import Platform, PlatformFailed, keep_json
from jobs.records.catalogue import read_catalogue

Say = Callable[[str], None]

KILL_AT = 0.4
"""The service is killed when this part of all records is acknowledged."""

SENT_WITHIN_S = 300.0
SEALED_WITHIN_S = 60.0
LOOK_AGAIN_S = 0.02
FROM_MS, TO_MS = 420_000, 2_400_000
"""How long episodes of the week are that phones hear where nothing can be published."""


def through_the_service(platform: Platform, folder: Path, say: Say) -> Played:
    """Publishes, lets phones listen and sync, and returns what was played, once all of it is in the landing folder.

    Phones of an earlier demo that sent everything have nothing to send again; those of an interrupted one are new.

    Raises:
        PlatformFailed: something did not go as it must.
    """
    say(f"the service is up: {platform.url}")
    episodes = _episodes(platform, folder, say)
    kept = folder / "played.json"
    if kept.exists():
        say("the phones have nothing to send: an earlier demo sent everything")
        content = json.loads(kept.read_text(encoding="utf-8"))
        return Played(**content | {"happened": Counter(content["happened"])})
    played = _listen(platform, folder / "phones", episodes, say)
    _until(platform.is_sealed, SEALED_WITHIN_S, "everything is sealed")
    say("all that was acknowledged is sealed in the landing folder")
    keep_json(kept, played.as_json())
    return played


def _episodes(platform: Platform, folder: Path, say: Say) -> Sequence[Episode]:
    """What there is to hear: what a creator publishes, or what the week's catalogue has."""
    if platform.has_audio:
        published = publish(platform, folder, say)
        if platform.has_edge:
            ask_as_an_app(platform, published, say)
            return published.episodes
        return [Episode(one.episode_id, one.title, one.duration_ms) for one in published.episodes]
    catalogue = read_catalogue((platform.landing / "catalog" / "episodes.ndjson").read_bytes(), {})
    known = [one for one in catalogue.values() if FROM_MS <= one.duration_ms <= TO_MS]
    if len(known) < 3:
        raise PlatformFailed("the week's catalogue has no three episodes of 7 to 40 minutes: install ffmpeg")
    return [Episode(one.episode_id, one.title or one.episode_id, one.duration_ms) for one in known[:3]]


def _listen(platform: Platform, folder: Path, episodes: Sequence[Episode], say: Say) -> Played:
    shutil.rmtree(folder, ignore_errors=True)
    phones = [
        Phone(habit, number, folder / habit.name, platform, episodes) for number, habit in enumerate(HABITS, start=1)
    ]
    say(f"{len(phones)} phones download, play without a network, and sync through one that fails every second request")
    for phone in phones:
        phone.thread.start()
    _kill_amid(platform, phones, say)
    _until(lambda: not any(phone.thread.is_alive() for phone in phones), SENT_WITHIN_S, "the phones have sent all")
    for phone in phones:
        if phone.failure is not None:
            raise PlatformFailed(f"phone {phone.habit.name}: {phone.failure!r}") from phone.failure
    played = all_of(phones)
    say(f"every record is acknowledged; of {sum(played.happened.values()):,} requests {failures_of(played)}")
    return played


def _kill_amid(platform: Platform, phones: Sequence[Phone], say: Say) -> None:
    """``kill -9`` while everybody syncs."""

    def is_midway() -> bool:
        done = sum(phone.acknowledged for phone in phones)
        return all(p.has_played for p in phones) and done >= KILL_AT * sum(p.written for p in phones)

    _until(lambda: is_midway() or not any(p.thread.is_alive() for p in phones), SENT_WITHIN_S, "the phones sync")
    acknowledged, records = (sum(values) for values in zip(*((p.acknowledged, p.written) for p in phones), strict=True))
    platform.kill()
    say(f"kill -9 of the service, {acknowledged:,} of {records:,} records being acknowledged; it is started again")
    platform.start()


def _until(there: Callable[[], bool], within_s: float, what: str) -> None:
    end = time.monotonic() + within_s
    while not there():
        if time.monotonic() > end:
            raise PlatformFailed(f"after {within_s:.0f} s still not so: {what}")
        time.sleep(LOOK_AGAIN_S)
