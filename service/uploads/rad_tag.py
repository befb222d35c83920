"""The tag that makes players which know remote audio data report here: an ID3 frame ``TXXX:RAD`` in an MP3."""

import json
import shutil
from pathlib import Path

_HEAD = 10
_EVERY_MS = 60_000
_MOST_EVENTS = 500
_DESCRIPTION = b"RAD"


def rad_payload(show_id: str, episode_id: str, report_url: str, duration_ms: int) -> bytes:
    """What is to be reported where: that the episode was begun, each minute of it, and its end."""
    step = max(_EVERY_MS, -(-duration_ms // _MOST_EVENTS))
    times = [*range(0, duration_ms, step), duration_ms]
    data = {
        "podcastId": show_id,
        "episodeId": episode_id,
        "trackingUrls": [report_url],
        "events": [{"eventTime": _clock(at_ms)} for at_ms in times],
    }
    return json.dumps({"remoteAudioData": data}, separators=(",", ":")).encode("ascii")


def write_rad_tag(source: Path, target: Path, payload: bytes) -> int | None:
    """Copies an MP3 with the tag in it, in the place of one it had; says by how many bytes the file grew.

    None, and no copy, where its ID3 tag is of a kind that cannot be added to without rewriting all of it.
    """
    with source.open("rb") as file:
        head = file.read(_HEAD)
        version, flags, size = (head[3], head[5], _syncsafe(head[6:10])) if head[:3] == b"ID3" else (3, 0, 0)
        if version not in (3, 4) or flags:
            return None
        old = file.read(size) if size else b""
        start = _HEAD + size if head[:3] == b"ID3" else 0
        frames = b"".join(one for one in _frames(old, version) if not _is_rad(one))
        body = b"\x00" + _DESCRIPTION + b"\x00" + payload
        frames += b"TXXX" + _size_of(len(body), version) + b"\x00\x00" + body
        with target.open("wb") as out:
            out.write(b"ID3" + bytes((version, 0, 0)) + _size_of(len(frames), 4) + frames)
            file.seek(start)
            shutil.copyfileobj(file, out, 1 << 20)
    return target.stat().st_size - source.stat().st_size


def _frames(tag: bytes, version: int) -> list[bytes]:
    """The frames of a tag's body, without its padding."""
    found, position = [], 0
    while position + _HEAD <= len(tag) and tag[position] != 0:
        length = tag[position + 4 : position + 8]
        size = _syncsafe(length) if version == 4 else int.from_bytes(length, "big")
        if position + _HEAD + size > len(tag):
            break
        found.append(tag[position : position + _HEAD + size])
        position += _HEAD + size
    return found


def _is_rad(frame: bytes) -> bool:
    return frame[:4] == b"TXXX" and frame[_HEAD + 1 : _HEAD + 1 + len(_DESCRIPTION) + 1] == _DESCRIPTION + b"\x00"


def _size_of(size: int, version: int) -> bytes:
    if version == 4:
        return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return size.to_bytes(4, "big")


def _syncsafe(four: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(four, (21, 14, 7, 0), strict=True))


def _clock(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
