"""Transcripts: text in one of the forms that apps read."""

import json
import re
from pathlib import Path

from service.uploads.reasons import refuse

MAX_BYTES = 5 << 20
_SRT = re.compile(r"^\ufeff?\s*\d+\s*\n\d{2}:\d{2}:\d{2},\d{3} --> ", re.MULTILINE)


def inspect_transcript(file: Path) -> tuple[str, str]:
    """The extension and media type of a transcript, found by reading it.

    Raises:
        FileRefused: it is in none of the forms, too large, or not UTF-8.
    """
    if file.stat().st_size > MAX_BYTES:
        raise refuse("too_many_bytes", f"The transcript has more than {MAX_BYTES >> 20} MB.")
    try:
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise refuse("not_text", "The transcript is no UTF-8 text. Save it as UTF-8.") from error
    if text.startswith("WEBVTT"):
        return "vtt", "text/vtt"
    if _SRT.match(text):
        return "srt", "application/x-subrip"
    if _is_json_transcript(text):
        return "json", "application/json"
    raise refuse("not_a_transcript", "The transcript is neither WebVTT, SRT nor the JSON form of podcast transcripts.")


def _is_json_transcript(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and isinstance(value.get("segments"), list)
