"""A landing folder in object storage: the same files as on a disk, whole whatever the network does."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import Stop
from jobs.lake.landing_bucket import open_client
from jobs.lake.landing_files import Landing, landing_at
from tests.conftest import EDGES
from tests.service.running import PODLEDGER, free_port
from tests.service.storage import Weed, running_weed

PLACE = "s3://podledger/edges"


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    """Object storage that holds the edges sample, and names that are no landed files."""
    with running_weed(tmp_path_factory.mktemp("weed")) as running:
        client = running.client()
        landing = EDGES / "landing"
        for path in (path for path in landing.rglob("*") if path.is_file()):
            client.put_object(Bucket=running.bucket, Key=f"edges/{path.relative_to(landing)}", Body=path.read_bytes())
        for name in ("_draft/12/x", "2026-10-05/.12/x", "2026-10-05/12/.x", "2026-10-05/x", "2026-10-05/12/deep/x"):
            client.put_object(Bucket=running.bucket, Key=f"edges/sync/{name}.ndjson.gz", Body=b"x")
        yield running


@contextmanager
def seen_from_here(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Iterator[Landing]:
    """The place, with these keys in the environment of this process."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    open_client.cache_clear()
    yield landing_at(PLACE)
    open_client.cache_clear()


@pytest.fixture
def bucket(weed: Weed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Landing]:
    with seen_from_here(monkeypatch, weed.environment()) as place:
        yield place


def test_it_holds_what_a_folder_holds(bucket: Landing) -> None:
    folder = landing_at(str(EDGES / "landing"))
    assert bucket.exists()
    for hour in (None, "2026-10-05T12", "2026-10-05T23"):
        assert [(one.path, one.size_bytes) for one in bucket.files(hour)] == [
            (one.path, one.size_bytes) for one in folder.files(hour)
        ]
    assert len(bucket.files()) > len(bucket.files("2026-10-05T12")) > 0
    assert bucket.catalogue() == folder.catalogue()
    for one in bucket.files():
        with bucket.open(one.path) as here, folder.open(one.path) as there:
            assert here.read() == there.read()


def test_files_of_finance_are_those_put_down_and_not_drafts(bucket: Landing, weed: Weed) -> None:
    assert bucket.finance() == {}
    for name in ("payees.csv", "pools.csv", ".pools.csv", "_draft.csv", "old/pools.csv", "notes.txt"):
        weed.client().put_object(Bucket=weed.bucket, Key=f"edges/finance/{name}", Body=name.encode())
    assert bucket.finance() == {"payees.csv": b"payees.csv", "pools.csv": b"pools.csv"}


def test_tags_change_with_the_files(bucket: Landing, weed: Weed) -> None:
    file, catalogue = bucket.files()[0], bucket.catalogue_tag()
    content = weed.client().get_object(Bucket=weed.bucket, Key=f"edges/{file.path}")["Body"].read()
    weed.client().put_object(Bucket=weed.bucket, Key=f"edges/{file.path}", Body=bytes(len(content)))
    assert bucket.files()[0].tag != file.tag
    weed.client().put_object(Bucket=weed.bucket, Key=f"edges/{file.path}", Body=content)
    assert bucket.files()[0] == file
    assert bucket.catalogue_tag() == catalogue is not None
    assert landing_at("s3://podledger/elsewhere").catalogue_tag() is None


def test_what_is_not_there(bucket: Landing) -> None:
    assert not landing_at("s3://no-such-bucket/edges").exists()
    assert landing_at("s3://podledger/elsewhere").files() == []
    with pytest.raises(Stop, match="names no bucket"):
        landing_at("s3://")


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({}, 0, f"files from {PLACE}"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, 1, "AWS_SECRET_ACCESS_KEY"),
        ({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}", "AWS_MAX_ATTEMPTS": "1"}, 75, "cannot be reached now"),
    ],
    ids=["there", "wrong key", "away"],
)
def test_failures_say_whether_to_try_again(
    weed: Weed, tmp_path: Path, changed: dict[str, str], code: int, said: str
) -> None:
    environment = {**os.environ, **weed.environment(), **changed}
    command = [str(PODLEDGER), "status", "--landing", PLACE, "--lake", str(tmp_path / "lake")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stderr
    assert said in (ran.stderr or ran.stdout)
    assert "Traceback" not in ran.stderr


def test_a_transfer_that_breaks_off_is_no_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    content = os.urandom(200_000)
    with breaking_off(content, whole_from=2) as (url, gets):
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": url}
        with seen_from_here(monkeypatch, keys) as landing, landing.open("sync/a/b/c.ndjson.gz") as file:
            assert file.read() == content
        assert gets() == 3


@contextmanager
def breaking_off(content: bytes, whole_from: int) -> Iterator[tuple[str, Callable[[], int]]]:
    """Object storage whose answers end in the middle until it was asked so often."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", '"one"')
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            asked.append(self.path)
            self.wfile.write(content if len(asked) > whole_from else content[: len(content) // 2])
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", lambda: len(asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
