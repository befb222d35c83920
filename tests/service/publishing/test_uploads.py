"""Uploads by tus 1.0, whole, broken, wrong and twice."""

import base64
import hashlib
import socket
import subprocess
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from tusclient.client import TusClient

from tests.needs import needs
from tests.service.publishing.creators import PIECE, TUS, Creator, new_creator
from tests.service.publishing.edges import Edge
from tests.service.running import wait_until

Audio = Callable[[str], Path]
CLIENTS = Path(__file__).parent / "clients"


def test_what_is_spoken_is_described(creator: Creator) -> None:
    answer = creator.client.options("/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) >= {"creation", "expiration", "checksum", "termination"}
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"]


def test_a_broken_upload_goes_on_where_it_broke(creator: Creator, audio: Audio) -> None:
    whole = audio("long.mp3").read_bytes()
    begun = creator.begin(len(whole), filename="long.mp3")
    place = begun.headers["Location"]
    assert parsedate_to_datetime(begun.headers["Upload-Expires"]).timestamp() > 0

    def stands() -> int:
        return int(creator.client.head(place, headers=TUS).headers["Upload-Offset"])

    address = urlsplit(creator.edge.url)
    with socket.create_connection((str(address.hostname), address.port or 80)) as raw:
        head = [
            f"PATCH {place} HTTP/1.1",
            f"Host: {address.netloc}",
            f"Authorization: Bearer {creator.token}",
            "Content-Type: application/offset+octet-stream",
            "Tus-Resumable: 1.0.0",
            "Upload-Offset: 0",
            f"Content-Length: {len(whole)}",
        ]
        raw.sendall("\r\n".join([*head, "", ""]).encode() + whole[:600_000])
        # all of it, while the sender is silent: neither nginx nor the service keeps a rest to itself
        wait_until(lambda: stands() == 600_000, within_s=10, what="what was sent so far")
    sent = wait_until(lambda: _sent(creator, place, stands(), whole), what="the rest")
    assert sent.headers["Upload-Offset"] == str(len(whole))
    verdict = creator.verdict(place)
    assert (verdict["state"], verdict["sha256"]) == ("accepted", hashlib.sha256(whole).hexdigest())
    assert verdict["facts"]["duration_ms"] == pytest.approx(100_000, abs=60)


def _sent(creator: Creator, place: str, offset: int, whole: bytes) -> Any:
    """The answer to the rest, None while the broken request still holds the upload or writes what it got."""
    answer = creator.send(place, offset, whole[offset:])
    return None if answer.status_code in (409, 423) else answer


def test_a_piece_at_the_wrong_place_is_refused(creator: Creator) -> None:
    place = creator.begin(10).headers["Location"]
    assert creator.send(place, 0, b"12345").status_code == 204
    wrong = creator.send(place, 0, b"12345")
    assert (wrong.status_code, wrong.headers["Upload-Offset"]) == (409, "5")
    assert creator.send(place, 5, b"678901").status_code == 413
    assert creator.client.head(place, headers=TUS).headers["Upload-Offset"] == "5"


def test_a_damaged_piece_is_dropped(creator: Creator) -> None:
    place = creator.begin(10).headers["Location"]
    good = base64.b64encode(hashlib.sha256(b"12345").digest()).decode()
    damaged = creator.send(place, 0, b"12346", Upload_Checksum=f"sha256 {good}")
    assert damaged.status_code == 460
    assert creator.client.head(place, headers=TUS).headers["Upload-Offset"] == "0"
    assert creator.send(place, 0, b"12345", Upload_Checksum=f"sha256 {good}").status_code == 204
    assert creator.send(place, 5, b"1", Upload_Checksum="crc32 AAAA").status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "10"}, 412),
        ({**TUS}, 400),
        ({**TUS, "Upload-Length": "-1"}, 400),
        ({**TUS, "Upload-Length": "0"}, 400),
        ({**TUS, "Upload-Length": "1e3"}, 400),
        ({**TUS, "Upload-Length": "99999999999999"}, 413),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": "filename ####"}, 400),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": "a YQ==,a YQ=="}, 400),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": "kind cm9vdA=="}, 400),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": "episode_id YQBi"}, 404),
    ],
    ids=str,
)
def test_an_upload_that_cannot_begin_is_told_why(creator: Creator, headers: dict[str, str], status: int) -> None:
    answer = creator.client.post("/v1/uploads", headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_pieces_of_another_type_and_of_unknown_uploads_are_refused(creator: Creator) -> None:
    place = creator.begin(10).headers["Location"]
    plain = {**TUS, "Upload-Offset": "0", "Content-Type": "text/plain"}
    assert creator.client.patch(place, content=b"x", headers=plain).status_code == 415
    for name in ("up0", "..%2f..%2fsecret", "%00", "a" * 65):
        answer = creator.client.patch(f"/v1/uploads/{name}", content=b"x", headers={**PIECE, "Upload-Offset": "0"})
        assert answer.status_code in (400, 404, 422), name


def test_an_ended_upload_is_gone(creator: Creator) -> None:
    place = creator.begin(10).headers["Location"]
    assert creator.client.delete(place, headers=TUS).status_code == 204
    assert creator.client.head(place, headers=TUS).status_code == 404
    assert creator.send(place, 0, b"x").status_code == 404


def test_the_first_piece_may_come_with_the_beginning(creator: Creator) -> None:
    begun = creator.client.post("/v1/uploads", content=b"12345", headers={**PIECE, "Upload-Length": "10"})
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "5")


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\0" * 100_000, "not_audio"), (b"<html>", "not_audio")],
    ids=["zeros", "html"],
)
def test_a_bad_file_is_refused_with_the_reason(creator: Creator, content: bytes, code: str) -> None:
    episode = creator.episode(creator.show())
    verdict = creator.upload(content, filename="../../\u202egood.mp3", episode_id=episode["id"])
    assert (verdict["state"], [one["code"] for one in verdict["reasons"]]) == ("refused", [code])
    assert creator.client.get(f"/v1/episodes/{episode['id']}").json()["media"] is None


def test_a_refused_replacement_leaves_the_good_file_in_its_place(creator: Creator, audio: Audio) -> None:
    show = creator.show()
    made = creator.published(show, audio("tone.mp3"))
    cut = audio("other.mp3").read_bytes()[:60_000]
    assert creator.upload(cut, episode_id=made["id"])["reasons"][0]["code"] == "incomplete"
    assert creator.client.get(f"/v1/episodes/{made['id']}").json()["media"] == made["media"]


def test_covers_and_transcripts_go_where_they_belong(creator: Creator, audio: Audio, tmp_path: Path) -> None:
    show = creator.show()
    Image.new("RGB", (1500, 1500), "navy").save(tmp_path / "cover.jpg")
    assert creator.upload(tmp_path / "cover.jpg", kind="cover", show_id=show["id"])["state"] == "accepted"
    assert creator.client.get(f"/v1/shows/{show['id']}").json()["cover_url"].endswith(".jpg")
    made = creator.published(show, audio("tone.mp3"))
    said = b"WEBVTT\n\n00:00.000 --> 00:02.000\nHigh tide.\n"
    verdict = creator.upload(said, kind="transcript", episode_id=made["id"], language="en", filename="said.vtt")
    assert verdict["state"] == "accepted"
    (kept,) = creator.client.get(f"/v1/episodes/{made['id']}").json()["transcripts"]
    assert (kept["media_type"], kept["language"]) == ("text/vtt", "en")
    assert creator.client.get(f"/{kept['path']}").content == said


def test_a_tus_client_from_the_registry_uploads(creator: Creator, audio: Audio) -> None:
    client = TusClient(f"{creator.edge.url}/v1/uploads", headers={"Authorization": f"Bearer {creator.token}"})
    uploader = client.uploader(str(audio("tone.mp3")), chunk_size=40_000, metadata={"filename": "tone.mp3"})
    uploader.upload()
    assert creator.verdict(urlsplit(str(uploader.url)).path)["state"] == "accepted"


def test_the_tus_client_of_browsers_uploads(creator: Creator, audio: Audio) -> None:
    needs("nodejs", "npm")
    script = """
      const [endpoint, token, file] = process.argv.slice(1), fs = require('fs'), tus = require('tus-js-client');
      const upload = new tus.Upload(fs.createReadStream(file), {endpoint, chunkSize: 50000,
        uploadSize: fs.statSync(file).size, headers: {Authorization: `Bearer ${token}`},
        metadata: {filename: 'tone.mp3'}, onError: error => { console.error(error); process.exit(1) },
        onSuccess: () => console.log(upload.url)});
      upload.start();"""
    command = ["node", "-e", script, f"{creator.edge.url}/v1/uploads", creator.token, str(audio("tone.mp3"))]
    ran = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert creator.verdict(urlsplit(ran.stdout.strip()).path)["state"] == "accepted"


def test_unfinished_uploads_expire_and_too_many_are_too_many(own_edge: Callable[..., Edge]) -> None:
    edge = own_edge(uploads_open_per_account=2, uploads_expire_s=0)
    with new_creator(edge) as creator:
        places = [creator.begin(10) for _ in range(3)]
        assert [answer.status_code for answer in places] == [201, 201, 429]
        assert int(places[2].headers["Retry-After"]) > 0


def test_a_check_that_was_interrupted_is_done_after_the_restart(own_edge: Callable[..., Edge], audio: Audio) -> None:
    edge = own_edge(feeds_tick_s=30)
    with new_creator(edge) as creator:
        whole = audio("tone.mp3").read_bytes()
        place = creator.begin(len(whole)).headers["Location"]
        assert creator.send(place, 0, whole).status_code == 204
        edge.service.kill()
        edge.service.start()
        assert creator.verdict(place)["state"] == "accepted"
