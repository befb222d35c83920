"""`rad/1`, reports of remote audio data: its rules are in docs/dialects/rad.md."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jobs.records.claims import FASTEST, Claim, Sender, Stamp, Told, claim_id, claimed_time, pseudonym, read_stamp
from jobs.records.json_text import element_texts, member_text
from jobs.records.record import is_string

GRAIN_MS = 1000
"""Players write whole seconds, so two of their times may be that much nearer than what they tell."""

_MARKER = re.compile(r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]\d)(?:\.(\d{1,9}))?", re.ASCII)

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Session:
    session_id: str
    podcast_id: str | None
    episode_id: str


@dataclass(frozen=True, slots=True)
class _Marker:
    """A place in the content that was reached, ms, and when."""

    at_ms: int
    stamp: Stamp | None


def translate_report(body: object, text: str, sender: Sender) -> list[Told]:
    """The records of a body and its source text: each event of each session.

    A session that cannot be read is one record, and so is a body that is no report.
    """
    sessions = body.get("audioSessions") if isinstance(body, dict) else None
    if not isinstance(sessions, list):
        return [Told(text, None)]
    told = []
    for value, raw in zip(sessions, element_texts(member_text(text, "audioSessions")), strict=True):
        session = _read_session(value)
        told += [Told(raw, None)] if session is None else _translate(session, value["events"], raw, sender)
    return told


def _translate(session: _Session, events: list[Any], text: str, sender: Sender) -> list[Told]:
    markers = [_read_marker(event) for event in events]
    intervals = _intervals(markers)
    return [
        Told(raw, None if marker is None else _claim(session, marker, intervals.get(place), sender))
        for place, (marker, raw) in enumerate(zip(markers, element_texts(member_text(text, "events")), strict=True))
    ]


def _read_session(value: Any) -> _Session | None:
    if not isinstance(value, dict) or not isinstance(value.get("events"), list):
        return None
    if not is_string(value.get("sessionId")) or not is_string(value.get("episodeId")):
        return None
    podcast_id = value.get("podcastId")
    return _Session(value["sessionId"], podcast_id if is_string(podcast_id) else None, value["episodeId"])


def _read_marker(value: Any) -> _Marker | None:
    time = value.get("eventTime") if isinstance(value, dict) else None
    found = _MARKER.fullmatch(time) if isinstance(time, str) else None
    if found is None:
        return None
    hours, minutes, seconds, fraction = found.groups()
    whole_s = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return _Marker(whole_s * 1000 + int((fraction or "0").ljust(3, "0")[:3]), read_stamp(value.get("timestamp")))


def _intervals(markers: list[_Marker | None]) -> dict[int, Interval]:
    """By the place of the marker that ends it: what was heard since the marker reached before it, if it can have been.

    That takes content ahead of the marker before, and time enough to hear it at the fastest.
    """
    timed = [
        (one.stamp.wall_ms, one.at_ms, place)
        for place, one in enumerate(markers)
        if one is not None and one.stamp is not None
    ]
    return {
        place: (from_ms, to_ms)
        for (before_ms, from_ms, _), (after_ms, to_ms, place) in pairwise(sorted(timed))
        if 0 < to_ms - from_ms <= (after_ms - before_ms + GRAIN_MS) * FASTEST
    }


def _claim(session: _Session, marker: _Marker, interval: Interval | None, sender: Sender) -> Claim:
    of_session = (sender.dialect, session.session_id)
    listener_id = sender.listener_id or pseudonym(of_session)
    wall_ms, at_ms, clock = claimed_time(marker.stamp, sender.received_ms)
    from_ms, to_ms = interval or (None, None)
    what = (session.podcast_id, session.episode_id, from_ms, marker.at_ms)
    return Claim(
        id=claim_id((sender.dialect, listener_id, session.session_id, *what)),
        listener_id=listener_id,
        device_id=sender.device_id or pseudonym(of_session),
        session_id=pseudonym(of_session),
        type="state" if interval is None else "progress",
        episode_id=session.episode_id,
        episode_url=None,
        episode_guid=session.episode_id,
        wall_ms=wall_ms,
        at_ms=at_ms,
        clock=clock,
        from_ms=from_ms,
        to_ms=to_ms,
    )
