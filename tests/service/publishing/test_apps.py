"""Apps and feed readers from the registries, as they come: they subscribe, update with 304, and download."""

import json
import os
import pty
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest

from tests.needs import needs
from tests.service.publishing.creators import Creator
from tests.service.running import wait_until

Audio = Callable[[str], Path]
CLIENTS = Path(__file__).parent / "clients"


def read_by(script: str, document: Path) -> Any:
    """What a package of npm makes of a feed."""
    needs("nodejs", "npm")
    command = ["node", "-e", script, str(document)]
    ran = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.strip().splitlines()[-1])


@pytest.fixture
def document(creator: Creator, audio: Audio, tmp_path: Path) -> Path:
    """A feed with everything in it."""
    show = creator.show(
        "Tides & Times 🌊",
        description="About the sea.",
        author="Ana Lund",
        owner_email="ana@example.org",
        funding=[{"url": "https://give.example/", "message": "Give"}],
        persons=[{"name": "Ana Lund"}],
        locked=True,
    )
    creator.published(
        show,
        audio("tone.mp3"),
        "One",
        description="Hello <b>there</b>",
        season=1,
        episode=7,
        explicit=False,
        persons=[{"name": "Bo", "role": "guest", "href": "https://bo.example/"}],
        soundbites=[{"start_ms": 1500, "duration_ms": 5000, "title": "A wave"}],
        chapters=[{"start_ms": 0, "title": "Intro"}, {"start_ms": 5000, "title": "Sea"}],
    )
    file = tmp_path / "feed.xml"
    file.write_bytes(httpx.get(show["feed_url"]).content)
    return file


def test_feedsmith(document: Path) -> None:
    script = """const {parseFeed} = require('feedsmith'), fs = require('fs');
      console.log(JSON.stringify(parseFeed(fs.readFileSync(process.argv[1], 'utf8'))))"""
    read = read_by(script, document)
    assert read["format"] == "rss"
    feed, (item,) = read["feed"], read["feed"]["items"]
    assert feed["title"] == "Tides & Times 🌊"
    assert feed["itunes"]["explicit"] is False
    assert feed["podcast"]["locked"] == {"value": True, "owner": "ana@example.org"}
    assert item["guid"]["isPermaLink"] is False
    assert item["podcast"]["soundbites"] == [{"startTime": 1.5, "duration": 5, "display": "A wave"}]
    assert item["podcast"]["persons"][0]["display"] == "Bo"
    assert item["itunes"]["episode"] == 7
    assert item["podcast"]["chapters"]["type"] == "application/json+chapters"


def test_podcast_partytime(document: Path) -> None:
    script = """const {parseFeed} = require('podcast-partytime'), fs = require('fs');
      console.log(JSON.stringify(parseFeed(fs.readFileSync(process.argv[1], 'utf8'))))"""
    read = read_by(script, document)
    assert (read["title"], read["explicit"], read["author"]) == ("Tides & Times 🌊", False, "Ana Lund")
    assert read["medium"] == "podcast"
    (item,) = read["items"]
    assert item["enclosure"]["type"] == "audio/mpeg"
    assert item["podcastPeople"][0]["name"] == "Bo"
    assert item["podcastSeason"]["number"] == 1


def test_feedparser_updates_with_304(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    creator.published(show, audio("tone.mp3"), "One")
    first = feedparser.parse(show["feed_url"])
    assert (first.status, bool(first.bozo), [entry.title for entry in first.entries]) == (200, False, ["One"])
    again = feedparser.parse(show["feed_url"], etag=first.etag, modified=first.modified)
    assert (again.status, again.entries) == (304, [])
    creator.published(show, audio("other.mp3"), "Two")
    changed = feedparser.parse(show["feed_url"], etag=first.etag, modified=first.modified)
    assert (changed.status, [entry.title for entry in changed.entries]) == (200, ["Two", "One"])


def test_newsboat_subscribes_updates_with_304_and_downloads(creator: Creator, audio: Audio, tmp_path: Path) -> None:
    needs("newsboat")
    show = creator.show()
    made = creator.published(show, audio("tone.mp3"), "One")
    (tmp_path / "urls").write_text(show["feed_url"] + "\n")
    (tmp_path / "config").write_text(f'podcast-auto-enqueue yes\ndownload-path "{tmp_path}/"\nmax-downloads 1\n')
    settings = ["-C", "config"]
    for _ in range(3):  # it remembers the tag from the second time on
        answer(["newsboat", *settings, "-u", "urls", "-c", "cache.db", "-x", "reload"], tmp_path)
    with sqlite3.connect(tmp_path / "cache.db") as cache:
        rows = cache.execute("select title, enclosure_url from rss_item").fetchall()
    assert rows == [("One", made["media"]["url"])]
    wait_until(lambda: creator.edge.statuses(show["feed_url"], "newsboat")[2:] == [304], what="a 304 in the log")
    size = audio("tone.mp3").stat().st_size
    queue = next(tmp_path.rglob("queue"))
    with on_a_terminal(["podboat", *settings, "-q", str(queue), "-a"], tmp_path):
        (file,) = wait_until(
            lambda: [one for one in tmp_path.rglob("*.mp3") if one.stat().st_size == size], what="the download"
        )
    assert file.read_bytes() == audio("tone.mp3").read_bytes()


def test_gpodder_subscribes_updates_with_304_and_downloads(creator: Creator, audio: Audio, tmp_path: Path) -> None:
    needs("gpodder")
    show = creator.show()
    creator.published(show, audio("tone.mp3"), "One")
    feed = show["feed_url"]
    answer(["gpo", "subscribe", feed], tmp_path)
    assert "One" in answer(["gpo", "episodes", feed], tmp_path)
    answer(["gpo", "update", feed], tmp_path)
    answer(["gpo", "download", feed], tmp_path)
    (file,) = tmp_path.rglob("*.mp3")
    assert file.read_bytes() == audio("tone.mp3").read_bytes()
    wait_until(lambda: 304 in creator.edge.statuses(feed, "gPodder"), what="a 304 in the log")


def answer(command: list[str], folder: Path) -> str:
    """What a program says that keeps its things in a folder."""
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=home(folder))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@contextmanager
def on_a_terminal(command: list[str], folder: Path) -> Iterator[None]:
    """Runs a program that draws on a terminal, and ends it with the block."""
    ours, its = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, env=home(folder), stdin=its, stdout=its, stderr=its)
    reader = threading.Thread(target=read_away, args=(ours,), daemon=True)
    reader.start()
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
        os.close(its)
        reader.join()
        os.close(ours)


def read_away(terminal: int) -> None:
    """Reads what is drawn, so that the program never waits for a reader."""
    with suppress(OSError):  # the other end has closed
        while os.read(terminal, 65_536):
            pass


def home(folder: Path) -> dict[str, str]:
    """Surroundings in which a program finds nobody's settings."""
    return {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "xterm"}
