"""Apps and feed readers from the registries, as they come: they subscribe, update with 304, and download."""

import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest

from tests.needs import needs
from tests.service.publishing.creators import Creator

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


def test_newsboat(creator: Creator, audio: Audio, tmp_path: Path) -> None:
    needs("newsboat")
    show = creator.show()
    made = creator.published(show, audio("tone.mp3"), "One")
    (tmp_path / "urls").write_text(show["feed_url"] + "\n")
    (tmp_path / "config").write_text(f'podcast-auto-enqueue yes\ndownload-path "{tmp_path}/"\nmax-downloads 1\n')
    files = ["-u", "urls", "-C", "config", "-c", "cache.db"]
    command = ["newsboat", *files, "-x", "reload"]
    for _ in range(2):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60, env=home(tmp_path))
    with sqlite3.connect(tmp_path / "cache.db") as cache:
        rows = cache.execute("select title, enclosure_url from rss_item").fetchall()
        ((tag,),) = cache.execute("select etag from rss_feed").fetchall()
    assert rows == [("One", made["media"]["url"])]
    answers = [httpx.get(show["feed_url"], headers={"Accept-Encoding": one}) for one in ("gzip", "identity")]
    assert tag in {answer.headers["etag"] for answer in answers}


def home(folder: Path) -> dict[str, str]:
    """Surroundings in which a program finds nobody's settings."""
    return {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "xterm"}
