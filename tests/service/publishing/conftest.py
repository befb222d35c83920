"""A service behind its own nginx, creators who use it, and audio that was really encoded."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.service.conftest import KINDS, make_bucket_place
from tests.service.publishing.abroad import Abroad, somebody_elses
from tests.service.publishing.creators import Creator, new_creator
from tests.service.publishing.edges import Edge, start_edge
from tests.service.running import folder_place

AUDIO = {
    "tone.mp3": "-f lavfi -i sine=440:duration=20 -b:a 64k",
    "long.mp3": "-f lavfi -i sine=440:duration=100 -b:a 64k",
    "large.mp3": "-f lavfi -i sine=440:duration=400 -b:a 320k",
    "other.mp3": "-f lavfi -i sine=330:duration=31 -b:a 64k",
    "loose.mp3": "-f lavfi -i sine=440:duration=20 -q:a 7 -write_xing 0",
    "tone.m4a": "-f lavfi -i sine=440:duration=20 -c:a aac -movflags faststart",
    "late.m4a": "-f lavfi -i sine=440:duration=20 -c:a aac",
    "tone.opus": "-f lavfi -i sine=440:duration=20 -c:a libopus",
    "tone.wav": "-f lavfi -i sine=440:duration=20",
    "silence.mp3": "-f lavfi -i anullsrc=duration=20",
    "film.mp4": "-f lavfi -i sine=440:duration=5 -f lavfi -i testsrc=duration=5:size=160x120:rate=5 -c:a aac",
}


@pytest.fixture(scope="session")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Files made by ffmpeg, each when it is first asked for."""
    folder = tmp_path_factory.mktemp("audio")

    def make(name: str) -> Path:
        file = folder / name
        if not file.exists():
            command = ["ffmpeg", "-v", "error", "-y", *AUDIO[name].split(), str(file)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return file

    return make


@pytest.fixture(scope="session", params=KINDS)
def edge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """One service behind nginx a kind of storage, for all tests that leave nothing behind that others could see."""
    folder = tmp_path_factory.mktemp(f"edge-{request.param}")
    if request.param == "folder":
        place = folder_place(folder)
    else:
        place = make_bucket_place(request.getfixturevalue("postgres"), request.getfixturevalue("weed"))
    with start_edge(folder / "data", place) as running:
        yield running


@pytest.fixture
def own_edge(tmp_path: Path) -> Iterator[Callable[..., Edge]]:
    """Starts services behind nginx, on a folder, with settings of their own; all end with the test."""
    started: list[AbstractContextManager[Edge]] = []

    def starting(**settings: object) -> Edge:
        folder = tmp_path / f"edge{len(started)}"
        context = start_edge(folder / "data", folder_place(folder), **settings)
        running = context.__enter__()
        started.append(context)
        return running

    yield starting
    for context in started:
        context.__exit__(None, None, None)


@pytest.fixture
def creator(edge: Edge) -> Iterator[Creator]:
    """Somebody new who publishes there."""
    with new_creator(edge) as made:
        yield made


@pytest.fixture
def abroad() -> Iterator[Abroad]:
    """A server of somebody else's."""
    with somebody_elses() as running:
        yield running
