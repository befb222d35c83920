"""Creators who publish through the public doors."""

import base64
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx

from tests.service.publishing.edges import Edge
from tests.service.running import wait_until

CHECKED_WITHIN_S = 120
"""Seconds until a file is checked at the latest: checks come last in line for the processor."""
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
NAMES = {
    "atom": "http://www.w3.org/2005/Atom",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "podcast": "https://podcastindex.org/namespace/1.0",
}


@dataclass(slots=True)
class Creator:
    """An account and a client that is signed in to it."""

    edge: Edge
    name: str
    password: str
    token: str
    client: httpx.Client

    def show(self, title: str = "Tides", **more: Any) -> dict[str, Any]:
        """A new show."""
        given = {"title": title, "categories": [{"name": "Science", "within": "Physics"}], **more}
        return self.made("/v1/shows", given)

    def episode(self, show: dict[str, Any], title: str = "The first tide", **more: Any) -> dict[str, Any]:
        """A new draft."""
        return self.made(f"/v1/shows/{show['id']}/episodes", {"title": title, **more})

    def made(self, path: str, given: dict[str, Any]) -> dict[str, Any]:
        """What a POST made."""
        answer = self.client.post(path, json=given)
        assert answer.status_code in (201, 202), answer.text
        return dict(answer.json())

    def begin(self, length: int, **metadata: str) -> httpx.Response:
        """Begins an upload."""
        pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
        headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": ",".join(pairs)}
        return self.client.post("/v1/uploads", headers=headers)

    def send(self, place: str, offset: int, piece: bytes, **headers: str) -> httpx.Response:
        """Sends a piece."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.patch(place, content=piece, headers={**PIECE, "Upload-Offset": str(offset), **named})

    def upload(self, content: bytes | Path, **metadata: str) -> dict[str, Any]:
        """Uploads a file in one piece; what became of it."""
        data = content.read_bytes() if isinstance(content, Path) else content
        begun = self.begin(len(data), **metadata)
        assert begun.status_code == 201, begun.text
        sent = self.send(begun.headers["Location"], 0, data)
        assert sent.status_code == 204, sent.text
        return self.verdict(begun.headers["Location"])

    def verdict(self, place: str) -> dict[str, Any]:
        """What became of an upload, once that is known."""

        def known() -> dict[str, Any] | None:
            said: dict[str, Any] = self.client.get(place).json()
            return said if said["state"] in ("accepted", "refused") else None

        found: dict[str, Any] = wait_until(known, CHECKED_WITHIN_S, "the verdict")
        return found

    def published(self, show: dict[str, Any], file: Path, title: str = "The first tide", **more: Any) -> dict[str, Any]:
        """An episode that is in its feed."""
        episode = self.episode(show, title, **more)
        verdict = self.upload(file, filename=file.name, episode_id=episode["id"])
        assert verdict["state"] == "accepted", verdict
        return self.publish(episode)

    def publish(self, episode: dict[str, Any], **when: int) -> dict[str, Any]:
        """Publishes a draft."""
        answer = self.client.post(f"/v1/episodes/{episode['id']}/publish", json=when)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def feed(self, show: dict[str, Any]) -> ElementTree.Element:
        """The channel of a show's feed."""
        answer = httpx.get(show["feed_url"], timeout=30)
        assert answer.status_code == 200, answer.text
        channel = ElementTree.fromstring(answer.content).find("channel")
        assert channel is not None
        return channel

    def titles(self, show: dict[str, Any]) -> list[str]:
        """The episodes of a show's feed, as an app would list them."""
        return [item.findtext("title") or "" for item in self.feed(show).iterfind("item")]


@contextmanager
def new_creator(edge: Edge, **more: Any) -> Iterator[Creator]:
    """Somebody who has just signed up."""
    name, password = f"c{uuid.uuid4().hex[:12]}", "a long password"
    with edge.client() as client:
        made = client.post("/v1/accounts", json={"kind": "creator", "name": name, "password": password, **more})
        assert made.status_code == 201, made.text
        token = client.post("/v1/tokens", json={"name": name, "password": password}).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield Creator(edge, name, password, token, client)
