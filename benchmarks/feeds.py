"""Feeds and media through the service's nginx, beside a plain nginx on the same files; publishing in a long show.

``python -m benchmarks.feeds`` starts a service of its own on loopback and prints Markdown. Needs nginx, wrk and ffmpeg.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from service.catalog.models import Episode, Media
from service.db.database import open_database
from service.settings import read_settings
from tests.service.publishing.creators import Creator, new_creator
from tests.service.publishing.edges import Edge, start_edge
from tests.service.running import folder_place, free_port

CONNECTIONS = 32
PLAIN = """daemon off; pid {folder}/plain.pid; error_log stderr crit; {user} worker_processes 2;
events {{ worker_connections 2048; }}
http {{ access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream; gzip_static on;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port} backlog=1024;
    location /feeds/ {{ alias {feeds}/; }} location /m/ {{ root {media}/public; }} }} }}
"""


def main() -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement of requests")
    parser.add_argument("--episodes", type=int, default=5000, help="in the long show")
    parser.add_argument("--repeats", type=int, default=3, help="measurements of each kind; the best counts")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before it began.\n")
    with tempfile.TemporaryDirectory(prefix="podledger-feeds-") as folder:
        place = folder_place(Path(folder))
        with start_edge(Path(folder) / "data", place) as edge, new_creator(edge) as creator:
            show = creator.show("A long show")
            tone = Path(folder) / "tone.mp3"
            command = "ffmpeg -v error -f lavfi -i sine=440:duration=60 -b:a 64k"
            subprocess.run([*command.split(), str(tone)], check=True)
            made = creator.published(show, tone)
            serve_requests(edge, show, made, given.seconds, given.repeats)
            publish_in_long_show(edge, creator, show, tone, given.episodes, given.repeats)
    return 0


def serve_requests(edge: Edge, show: dict[str, Any], made: dict[str, Any], seconds: int, repeats: int) -> None:
    """Requests a second of each kind, through the edge and through a plain nginx."""
    print("| through nginx | of the service, requests/s | p99 ms | plain, requests/s | p99 ms | share |")
    print("|---|---|---|---|---|---|")
    feed, media = (url.removeprefix(edge.url) for url in (show["feed_url"], made["media"]["url"]))
    with plain_nginx(edge) as plain:
        for name, path, headers in (
            ("feed, 200, gzip", feed, {"Accept-Encoding": "gzip"}),
            ("feed, 304", feed, {"If-None-Match": "{etag}"}),
            ("media, 200", media, {}),
            ("media, range of 64 KB", media, {"Range": "bytes=1000-66535"}),
        ):
            rates = []
            for _ in range(repeats):
                rates.append((load(edge.url + path, headers, seconds), load(plain + path, headers, seconds)))
            ours, theirs = max(one for one, _ in rates), max(other for _, other in rates)
            share = ours[0] / theirs[0]
            print(f"| {name} | {ours[0]:.0f} | {ours[1]:.1f} | {theirs[0]:.0f} | {theirs[1]:.1f} | {share:.2f} |")
    print()


def load(url: str, headers: dict[str, str], seconds: int) -> tuple[float, float]:
    """Requests a second and p99 in ms, by wrk."""
    etag = httpx.get(url).headers.get("etag", "")
    named = [part for name, value in headers.items() for part in ("-H", f"{name}: {value.format(etag=etag)}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *named, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    return rate, float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


@contextmanager
def plain_nginx(edge: Edge) -> Iterator[str]:
    """An nginx with nothing but the files."""
    port, binary = free_port(), shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert binary is not None, "apt-get install nginx-light"
    conf = edge.data / "plain.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    media, feeds = edge.data / "media", edge.data / "feeds"
    conf.write_text(PLAIN.format(folder=edge.data, port=port, feeds=feeds, media=media, user=user))
    process = subprocess.Popen([binary, "-p", str(edge.data), "-e", "stderr", "-c", str(conf)])
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                httpx.get(url)
                break
            except httpx.HTTPError:
                time.sleep(0.02)
        yield url
    finally:
        process.terminate()
        process.wait()


def publish_in_long_show(
    edge: Edge, creator: Creator, show: dict[str, Any], tone: Path, episodes: int, repeats: int
) -> None:
    """How long from asking to publish until the new feed is there, in a show of so many episodes."""
    fill(edge, show, episodes)
    creator.client.patch(f"/v1/shows/{show['id']}", json={"title": "A long show, filled"})
    took, same = [], []
    for number in range(repeats):
        episode = creator.episode(show, f"New {number}")
        creator.upload(tone, episode_id=episode["id"])
        before = httpx.get(show["feed_url"])
        began = time.perf_counter()
        creator.publish(episode)
        after = httpx.get(show["feed_url"])
        took.append((time.perf_counter() - began) * 1000)
        assert f"New {number}" in after.text
        assert before.headers["etag"] != after.headers["etag"]
        old = before.text.split("    <item>\n")[1:]
        same.append(after.text.split("    <item>\n")[2:] == old)
    times = ", ".join(f"{one:.0f}" for one in sorted(took))
    print(f"Publishing one in a show of {episodes}: {times} ms from the request to the new feed, catalogue included.")
    print(f"Unchanged items byte for byte the same: {all(same)}. Feed: {len(after.content):,} bytes.")


def fill(edge: Edge, show: dict[str, Any], episodes: int) -> None:
    """Puts old episodes straight into the database: uploading thousands is not what is measured."""
    settings = read_settings(overrides={"data": {"folder": str(edge.data)}})
    database = open_database(settings)
    with database.write() as session:
        wanted = select(Episode, Media).join(Media, Media.id == Episode.media_id).where(Episode.show_id == show["id"])
        model, media = session.execute(wanted).first() or (None, None)
        assert model is not None
        assert media is not None
        details = {**model.details, "description": "What was said about tides and times, at some length. " * 20}
        for number in range(1, episodes):
            name, at_ms = f"{model.id[:-6]}{number:06}", (model.published_ms or 0) - number * 86_400_000
            columns = {column.key: getattr(model, column.key) for column in Episode.__mapper__.column_attrs}
            changed = {"id": name, "guid": name, "title": f"Old {number}", "media_id": f"m{name}", "fragment": None}
            session.add(Episode(**{**columns, **changed, "published_ms": at_ms, "details": details}))
            columns = {column.key: getattr(media, column.key) for column in Media.__mapper__.column_attrs}
            changed = {"id": f"m{name}", "episode_id": name, "path": f"m/{show['id']}/{name}.mp3"}
            session.add(Media(**{**columns, **changed}))
    database.close()


if __name__ == "__main__":
    sys.exit(main())
