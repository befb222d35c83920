"""Files are taken for what they are: their names and headers may say anything."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from service.uploads.audio import inspect_audio
from service.uploads.image import inspect_cover
from service.uploads.rad_tag import rad_payload, write_rad_tag
from service.uploads.reasons import FileRefused
from service.uploads.transcript import inspect_transcript

Audio = Callable[[str], Path]


def refused(file: Path, inspect: Callable[[Path], object] = inspect_audio) -> set[str]:
    with pytest.raises(FileRefused) as caught:
        inspect(file)
    assert all(reason.text.endswith(".") for reason in caught.value.reasons)
    return {reason.code for reason in caught.value.reasons}


@pytest.mark.parametrize(
    ("name", "extension", "media_type"),
    [
        ("tone.mp3", "mp3", "audio/mpeg"),
        ("loose.mp3", "mp3", "audio/mpeg"),
        ("tone.m4a", "m4a", "audio/x-m4a"),
        ("tone.opus", "opus", "audio/ogg"),
    ],
)
def test_the_length_is_counted(audio: Audio, tmp_path: Path, name: str, extension: str, media_type: str) -> None:
    misnamed = tmp_path / "upload.part"
    misnamed.write_bytes(audio(name).read_bytes())
    facts = inspect_audio(misnamed)
    assert (facts.kind.extension, facts.kind.media_type) == (extension, media_type)
    assert facts.duration_ms == pytest.approx(20_000, abs=60)
    assert facts.size_bytes == misnamed.stat().st_size
    assert facts.loudness_lufs == pytest.approx(-22, abs=2)


def test_what_lies_before_the_audio_is_measured(audio: Audio, tmp_path: Path) -> None:
    plain = inspect_audio(audio("tone.mp3")).header_bytes
    tagged = tmp_path / "tagged.mp3"
    size = 5000
    syncsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    bare = audio("loose.mp3").read_bytes()
    start = inspect_audio(audio("loose.mp3")).header_bytes
    tagged.write_bytes(b"ID3\x03\x00\x00" + syncsafe + b"\x00" * size + bare[start:])
    assert inspect_audio(tagged).header_bytes == size + 10
    assert 0 < plain < 1000


def test_a_cut_file_whose_header_promises_more_is_refused(audio: Audio, tmp_path: Path) -> None:
    for name in ("tone.mp3", "tone.m4a"):
        cut = tmp_path / name
        whole = audio(name).read_bytes()
        cut.write_bytes(whole[: len(whole) // 3])
        assert refused(cut) == {"incomplete"}, name


def test_an_mp4_cut_before_its_contents_is_refused(audio: Audio, tmp_path: Path) -> None:
    cut = tmp_path / "late.m4a"
    cut.write_bytes(audio("late.m4a").read_bytes()[:50_000])
    assert refused(cut) == {"incomplete"}


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 300_000,
        b"<html>" * 9_000,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"x",
    ],
    ids=["zeros", "html", "playlist", "concat", "one byte"],
)
def test_what_is_not_audio_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "song.mp3"
    file.write_bytes(content)
    assert refused(file) == {"not_audio"}


def test_formats_that_apps_do_not_play_are_refused_with_what_to_do(audio: Audio) -> None:
    assert refused(audio("tone.wav")) == {"wrong_format"}
    assert refused(audio("film.mp4")) == {"video"}


def test_advice_is_given_without_refusing(audio: Audio) -> None:
    assert {one.code for one in inspect_audio(audio("late.m4a")).advice} >= {"slow_start"}
    silent = inspect_audio(audio("silence.mp3"))
    assert silent.loudness_lufs is None
    assert {one.code for one in silent.advice} == {"silent"}


def picture(file: Path, width: int, height: int, kind: str = "PNG", mode: str = "RGB") -> Path:
    Image.new(mode, (width, height)).save(file, kind)
    return file


def test_a_good_cover_is_taken_whatever_its_name(tmp_path: Path) -> None:
    facts = inspect_cover(picture(tmp_path / "cover.txt", 1400, 1400, "JPEG"))
    assert (facts.extension, facts.media_type, facts.width) == ("jpg", "image/jpeg", 1400)


@pytest.mark.parametrize(
    ("width", "height", "mode", "codes"),
    [
        (20_000, 20_000, "1", {"cover_too_large"}),
        (900, 900, "RGB", {"cover_too_small"}),
        (2000, 1500, "RGB", {"not_square"}),
    ],
)
def test_covers_of_a_wrong_size_are_refused(
    tmp_path: Path, width: int, height: int, mode: str, codes: set[str]
) -> None:
    assert refused(picture(tmp_path / "cover.png", width, height, mode=mode), inspect_cover) == codes


def test_a_picture_that_is_none_or_not_all_there_is_refused(tmp_path: Path) -> None:
    whole = picture(tmp_path / "cover.png", 1400, 1400).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert refused(tmp_path / "cut.png", inspect_cover) == {"damaged"}
    (tmp_path / "text.png").write_text("hello")
    assert refused(tmp_path / "text.png", inspect_cover) == {"not_an_image"}


def test_transcripts_are_known_by_their_form(tmp_path: Path) -> None:
    file = tmp_path / "said"
    for text, media_type in (
        ("WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n", "text/vtt"),
        ("\ufeff1\r\n00:00:00,000 --> 00:00:01,000\r\nHi\r\n", "application/x-subrip"),
        ('{"version": "1.0.0", "segments": []}', "application/json"),
    ):
        file.write_bytes(text.encode())
        assert inspect_transcript(file)[1] == media_type
    file.write_bytes(b"\xff\xfe\x00")
    assert refused(file, inspect_transcript) == {"not_text"}
    file.write_text("once upon a time")
    assert refused(file, inspect_transcript) == {"not_a_transcript"}


def test_the_tag_for_remote_audio_data_goes_in_once_and_the_sound_stays(audio: Audio, tmp_path: Path) -> None:
    for name in ("tone.mp3", "loose.mp3"):
        before = inspect_audio(audio(name))
        once, twice = tmp_path / f"1-{name}", tmp_path / f"2-{name}"
        payload = rad_payload("sh1", "ep1", "https://pods.example/v1/rad", before.duration_ms)
        grew = write_rad_tag(audio(name), once, payload)
        assert write_rad_tag(once, twice, payload) == 0
        assert once.read_bytes() == twice.read_bytes()
        after = inspect_audio(once)
        assert grew is not None
        assert (after.header_bytes, after.size_bytes) == (before.header_bytes + grew, before.size_bytes + grew)
        assert after.duration_ms == before.duration_ms
        asked = ["ffprobe", "-v", "error", "-show_entries", "format_tags=RAD", "-of", "json", str(once)]
        tags = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)["format"]["tags"]
        said = json.loads(tags["RAD"])["remoteAudioData"]
        assert (said["episodeId"], said["trackingUrls"]) == ("ep1", ["https://pods.example/v1/rad"])
        assert said["events"][0]["eventTime"] == "00:00:00.000"
