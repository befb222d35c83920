"""A creator who signs up, uploads audio and publishes it, and what podcast apps then find."""

import base64
import json
import secrets
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from demo.platform import Platform, PlatformFailed, keep_json

SHOW = "Tides"
EPISODES = (("Low water", 150), ("Slack", 240), ("Spring tide", 420))
"""Titles, and how long each is, in seconds."""

CREATOR = "harbour"
TUS = {"Tus-Resumable": "1.0.0"}
CHECKED_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Episode:
    """What a device needs to know: its id, its length, and where its file is, if anywhere."""

    episode_id: str
    title: str
    duration_ms: int
    url: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A show's feed and its episodes."""

    feed_url: str
    episodes: list[Episode]


def publish(platform: Platform, folder: Path, say: Callable[[str], None]) -> Published:
    """Publishes the show's episodes, those that are not published yet.

    Raises:
        PlatformFailed: the service will not have it.
    """
    with platform.client() as client:
        client.headers["Authorization"] = f"Bearer {_token(client, folder)}"
        show = _found(client, "/v1/shows", SHOW) or _made(
            client,
            "/v1/shows",
            {"title": SHOW, "categories": [{"name": "Science"}], "description": "Water, up and down."},
        )
        path, episodes = f"/v1/shows/{show['id']}/episodes", []
        for number, (title, length_s) in enumerate(EPISODES):
            episode = _found(client, path, title) or _made(client, path, {"title": title})
            if episode["status"] != "published":
                _upload(client, _audio(folder, number, length_s), episode["id"])
                episode = _asked(client.post(f"/v1/episodes/{episode['id']}/publish", json={}))
                say(f"published {title}: {episode['media']['duration_ms'] / 1000:.0f} s of audio, uploaded and checked")
            media = episode["media"]
            episodes.append(Episode(episode["id"], title, media["duration_ms"], media["url"], media["sha256"]))
        return Published(show["feed_url"], episodes)


def ask_as_an_app(platform: Platform, published: Published, say: Callable[[str], None]) -> None:
    """Asks for the feed and for media as podcast apps do.

    Raises:
        PlatformFailed: an answer is not what apps live by.
    """
    with platform.client() as client:
        feed = client.get(published.feed_url)
        again = client.get(published.feed_url, headers={"If-None-Match": feed.headers.get("ETag", "")})
        url = published.episodes[0].url or ""
        part = client.get(url, headers={"Range": "bytes=1000-1999"})
    found = (feed.status_code, again.status_code, part.status_code, len(part.content))
    if found != (200, 304, 206, 1000):
        raise PlatformFailed(f"feed, feed again, part of a file: {found}, not 200, 304, 206 with 1000 bytes")
    say(f"the feed answers 200, asked again 304; a range of an episode 206 with its 1,000 bytes: {published.feed_url}")


def _token(client: httpx.Client, folder: Path) -> str:
    """Signs up the first time, and in."""
    kept = folder / "creator.json"
    if not kept.exists():
        keep_json(kept, {"name": CREATOR, "password": secrets.token_urlsafe(12)})
    who = json.loads(kept.read_text(encoding="utf-8"))
    made = client.post("/v1/accounts", json={"kind": "creator", **who})
    if made.status_code not in (201, 409):
        raise PlatformFailed(f"no account: {made.status_code} {made.text}")
    return str(_asked(client.post("/v1/tokens", json=who))["token"])


def _upload(client: httpx.Client, file: Path, episode_id: str) -> None:
    """A resumable upload, and the wait until it is checked."""
    content = file.read_bytes()
    names = {"filename": file.name, "episode_id": episode_id}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in names.items())
    begun = client.post("/v1/uploads", headers={**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": metadata})
    place = begun.headers.get("Location")
    if place is None:
        raise PlatformFailed(f"no upload: {begun.status_code} {begun.text}")
    piece = {**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    sent = client.patch(place, content=content, headers=piece)
    if sent.status_code != 204:
        raise PlatformFailed(f"not uploaded: {sent.status_code} {sent.text}")
    until = time.monotonic() + CHECKED_WITHIN_S
    while (said := _asked(client.get(place)))["state"] != "accepted":
        if said["state"] == "refused" or time.monotonic() > until:
            raise PlatformFailed(f"{file.name} is not accepted: {said}")
        time.sleep(0.1)


def _audio(folder: Path, number: int, length_s: int) -> Path:
    """A tone of that length, as MP3."""
    file = folder / "audio" / f"{number}.mp3"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        draft = file.with_name(f"draft-{file.name}")
        tone = f"sine=frequency={220 + 110 * number}:duration={length_s}:sample_rate=22050"
        command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", tone, "-b:a", "48k", str(draft)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        draft.replace(file)
    return file


def _found(client: httpx.Client, path: str, title: str) -> dict[str, Any] | None:
    items: list[dict[str, Any]] = _asked(client.get(path))["items"]
    return next((one for one in items if one["title"] == title), None)


def _made(client: httpx.Client, path: str, given: dict[str, Any]) -> dict[str, Any]:
    return _asked(client.post(path, json=given))


def _asked(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code not in (200, 201):
        raise PlatformFailed(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
    return dict(answer.json())
