"""What an audio file is, found by reading it: its name and its headers may say anything."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.uploads.reasons import Reason, refuse
from service.uploads.tools import run_ffmpeg, run_ffprobe

MIN_DURATION_MS = 1_000
MAX_DURATION_MS = 24 * 3600 * 1000
MAX_EMBEDDED_COVER_PX = 4_000
_MIN_PROBE_SCORE = 20
_DECODED_S = 600
# How far a header may be off before the file counts as cut: padding and priming are less.
_HEADER_SLACK_MS, _HEADER_SLACK_SHARE = 2_000, 0.02
_SILENCE_LUFS = -69.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A container and codec that apps play: the file's extension, and the type the feed names."""

    extension: str
    media_type: str


KINDS = {
    ("mp3", "mp3"): Kind("mp3", "audio/mpeg"),
    ("mov", "aac"): Kind("m4a", "audio/x-m4a"),
    ("ogg", "opus"): Kind("opus", "audio/ogg"),
    ("ogg", "vorbis"): Kind("ogg", "audio/ogg"),
}


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What was measured. ``header_bytes`` lie before the first audio; ``duration_ms`` is counted, not claimed.

    ``loudness_lufs`` and ``peak_dbfs`` are of the first ten minutes, None for digital silence.
    """

    kind: Kind
    codec: str
    size_bytes: int
    header_bytes: int
    duration_ms: int
    sample_rate: int
    channels: int
    loudness_lufs: float | None
    peak_dbfs: float | None
    advice: tuple[Reason, ...]


def inspect_audio(file: Path) -> AudioFacts:
    """Reads the whole file and decodes its beginning and its end.

    Raises:
        FileRefused: it is no audio that podcast apps play, or not all of it; the reasons say what to do.
        ToolFailed: ffprobe or ffmpeg could not do its work; the file may be fine.
    """
    stream, container, claimed_ms = _probe(file)
    kind = _kind_of(container, stream)
    header_bytes, duration_ms = _count_packets(file)
    _check_length(duration_ms, claimed_ms)
    loudness, peak = _decode(file, duration_ms)
    return AudioFacts(
        kind=kind,
        codec=str(stream["codec_name"]),
        size_bytes=file.stat().st_size,
        header_bytes=header_bytes,
        duration_ms=duration_ms,
        sample_rate=int(stream["sample_rate"]),
        channels=int(stream["channels"]),
        loudness_lufs=loudness,
        peak_dbfs=peak,
        advice=_advise(file, kind, loudness, peak),
    )


def _probe(file: Path) -> tuple[dict[str, Any], str, int | None]:
    """The audio stream, the container's short name, and the length that a header claims, if one does."""
    wanted = "format=format_name,duration,probe_score:stream=codec_name,codec_type,sample_rate,channels,width,height"
    said = run_ffprobe(
        file, "-v", "warning", "-show_entries", f"{wanted}:stream_disposition=attached_pic", "-of", "json"
    )
    if "moov atom not found" in said.err:
        raise refuse("incomplete", "The file is not all there: an MP4 without its table of contents. Export it again.")
    try:
        answer: dict[str, Any] = json.loads(said.out)
    except json.JSONDecodeError:
        answer = {}
    form, streams = answer.get("format", {}), answer.get("streams", [])
    sound = [one for one in streams if one.get("codec_type") == "audio"]
    if said.code != 0 or form.get("probe_score", 0) < _MIN_PROBE_SCORE or not sound or not _has_sound(sound[0]):
        raise refuse("not_audio", "This is not audio. Upload the episode as MP3, or as M4A (AAC).")
    _check_pictures(streams)
    estimated = "Estimating duration" in said.err or "duration" not in form
    claimed_ms = None if estimated else round(float(form["duration"]) * 1000)
    return sound[0], str(form["format_name"]).split(",")[0], claimed_ms


def _has_sound(stream: dict[str, Any]) -> bool:
    return int(stream.get("sample_rate") or 0) > 0 and int(stream.get("channels") or 0) > 0


def _check_pictures(streams: list[dict[str, Any]]) -> None:
    """A cover inside the file may be there; a film may not, and neither a cover that fills a phone's memory."""
    for stream in streams:
        if stream.get("codec_type") != "video":
            continue
        if not stream.get("disposition", {}).get("attached_pic"):
            raise refuse("video", "This is a video. Upload its sound alone, as MP3 or M4A.")
        width, height = stream.get("width") or 0, stream.get("height") or 0
        if max(width, height) > MAX_EMBEDDED_COVER_PX:
            raise refuse(
                "cover_too_large",
                f"The cover inside the file is {width} × {height} px; at most {MAX_EMBEDDED_COVER_PX} × "
                f"{MAX_EMBEDDED_COVER_PX} px will do. Export the file with a smaller one, or without.",
            )


def _kind_of(container: str, stream: dict[str, Any]) -> Kind:
    kind = KINDS.get((container, str(stream.get("codec_name"))))
    if kind is None:
        raise refuse(
            "wrong_format",
            f"The file is {stream.get('codec_name')} in {container}, which many podcast apps cannot play. "
            "Export it as MP3, or as M4A (AAC).",
        )
    return kind


def _count_packets(file: Path) -> tuple[int, int]:
    """Where the first packet of sound begins, and how long all of them last together, in ms."""
    entries = ("-select_streams", "a:0", "-show_entries", "packet=duration_time,pos", "-of", "csv=p=0")
    said = run_ffprobe(file, "-v", "quiet", *entries)
    first: int | None = None
    total_us = 0
    for line in said.out.splitlines():
        duration, position = [*line.split(","), ""][:2]
        if first is None:
            first = int(position) if position.isdigit() else 0
        if re.fullmatch(r"\d+\.\d+", duration):
            total_us += int(duration.replace(".", "")[: duration.index(".") + 6])
    return first or 0, total_us // 1000


def _check_length(duration_ms: int, claimed_ms: int | None) -> None:
    if duration_ms < MIN_DURATION_MS:
        raise refuse("too_short", "There is less than a second of sound in the file.")
    if duration_ms > MAX_DURATION_MS:
        raise refuse("too_long", "The file is longer than 24 hours. Split it into episodes.")
    if claimed_ms is None:
        return
    missing_ms = claimed_ms - duration_ms
    if missing_ms > max(_HEADER_SLACK_MS, claimed_ms * _HEADER_SLACK_SHARE):
        raise refuse(
            "incomplete",
            f"The file is cut: its header promises {_clock(claimed_ms)}, but only {_clock(duration_ms)} are there. "
            "Export it again, or upload the whole file.",
        )


def _decode(file: Path, duration_ms: int) -> tuple[float | None, float | None]:
    """Loudness and peak of what could be decoded at the beginning; the end is decoded too."""
    said = run_ffmpeg(
        file,
        ("-v", "info", "-xerror", "-t", str(_DECODED_S)),
        ("-map", "0:a:0", "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"),
    )
    ended = run_ffmpeg(
        file,
        ("-v", "error", "-xerror", "-ss", f"{max(0, duration_ms - 10_000) / 1000:.3f}"),
        ("-map", "0:a:0", "-f", "null", "-"),
    )
    if said.code != 0 or ended.code != 0:
        where = "at its beginning" if said.code != 0 else "towards its end"
        raise refuse("damaged", f"The file is damaged {where} and cannot be played. Export it again.")
    loudness, peak = _last_number("I", said.err), _last_number("Peak", said.err)
    is_silent = loudness is None or loudness < _SILENCE_LUFS
    return (None, None) if is_silent else (loudness, peak)


def _last_number(name: str, text: str) -> float | None:
    found = re.findall(rf"^\s*{name}:\s+(-?\d+(?:\.\d+)?) ", text, re.MULTILINE)
    return float(found[-1]) if found else None


def _advise(file: Path, kind: Kind, loudness: float | None, peak: float | None) -> tuple[Reason, ...]:
    """What would make it better, but is no reason to refuse it."""
    found = []
    if loudness is None:
        found.append(Reason("silent", "There is nothing to hear in the first ten minutes."))
    elif not -19.0 <= loudness <= -13.0:
        found.append(Reason("loudness", f"It is {loudness:.1f} LUFS loud; podcasts are about -16 LUFS."))
    if peak is not None and peak > -1.0:
        found.append(Reason("peaks", f"It peaks at {peak:.1f} dBFS; above -1 dBFS some players distort."))
    if kind.extension == "m4a" and not _begins_with_contents(file):
        found.append(
            Reason("slow_start", "Its table of contents is at the end, so players wait; export it “for streaming”.")
        )
    return tuple(found)


def _begins_with_contents(file: Path) -> bool:
    """Whether an MP4's ``moov`` stands before its ``mdat``."""
    with file.open("rb") as opened:
        position, size = 0, file.stat().st_size
        while position + 8 <= size:
            opened.seek(position)
            head = opened.read(16)
            length, name = int.from_bytes(head[:4], "big"), head[4:8]
            if name in (b"moov", b"mdat"):
                return name == b"moov"
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8:
                return False
            position += length
    return False


def _clock(ms: int) -> str:
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
