"""Running ffprobe and ffmpeg on files from strangers: bounded in time, memory and reach."""

import os
import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# A playlist or a concat script under a name like `.mp3` would make them open other files and addresses.
_FENCE = ("-protocol_whitelist", "file", "-format_whitelist", "mp3,mov,ogg,aac,flac,wav,aiff,matroska,asf,avi,mpegts")
_MEMORY_BYTES = 2 << 30
_TIMEOUT_S = 600


class ToolFailed(Exception):
    """The tool took too long or cannot be run; it says nothing about the file."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a tool ended and what it wrote."""

    code: int
    out: str
    err: str


def run_ffprobe(file: Path, *arguments: str, timeout_s: int = _TIMEOUT_S) -> Said:
    """Runs ffprobe on one local file.

    Raises:
        ToolFailed: it took longer than ``timeout_s`` or is not installed.
    """
    return _run(["ffprobe", "-hide_banner", *_FENCE, *arguments, f"file:{file}"], timeout_s)


def run_ffmpeg(file: Path, before: Sequence[str], after: Sequence[str], timeout_s: int = _TIMEOUT_S) -> Said:
    """Runs ffmpeg with one local file as its input, and options before and after it.

    Raises:
        ToolFailed: it took longer than ``timeout_s`` or is not installed.
    """
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-threads", "1", *_FENCE, *before]
    return _run([*command, "-i", f"file:{file}", *after], timeout_s)


def _run(command: Sequence[str], timeout_s: int) -> Said:
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            preexec_fn=_bound,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        )
    except FileNotFoundError as error:
        raise ToolFailed(f"{command[0]} is not installed: apt-get install ffmpeg") from error
    except subprocess.TimeoutExpired as error:
        raise ToolFailed(f"{command[0]} took longer than {timeout_s} s") from error
    return Said(ended.returncode, ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace"))


def _bound() -> None:
    """In the child: no more memory than a decoder needs, and last in line for the processor."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(15)
