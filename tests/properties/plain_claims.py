"""The other dialects read out plainly from docs/dialects.md and its pages, without the code under test."""

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Any

DAY_MS = 86_400_000
KINDS = ("download", "delete", "play", "new", "flattr")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass
class Claims:
    """Events by id, refusals as (key, reason, raw, receipt, dialect), listens by id."""

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusals: Counter[tuple[str, str, str, str, str]] = field(default_factory=Counter)
    listens: dict[str, tuple[Any, ...]] = field(default_factory=dict)


def read_claims(lines: Iterable[bytes], catalogue: Mapping[str, Mapping[str, Any]]) -> Claims:
    """What these lines claim by a catalogue, its rows by episode; lines of our own protocol claim nothing."""
    claims = Claims()
    for line in set(lines):
        envelope = _envelope(line)
        if envelope is not None:
            _add(claims, sha256(line).hexdigest(), envelope, catalogue)
    _add_listens(claims, catalogue)
    return claims


def _envelope(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict) or value.get("v") != 1 or value.get("dialect") not in ("gpodder/2", "rad/1"):
        return None
    return value


def _add(claims: Claims, key: str, envelope: dict[str, Any], catalogue: Mapping[str, Mapping[str, Any]]) -> None:
    translate = _actions if envelope["dialect"] == "gpodder/2" else _reports
    for position, (source, event) in enumerate(translate(envelope)):
        episode = None if event is None else _episode(event["named"], catalogue)
        reason = None
        if event is None:
            reason = "malformed"
        elif episode is None:
            reason = "unknown_episode"
        elif event["to_ms"] is not None and event["to_ms"] > catalogue[episode]["duration_ms"] + 2000:
            reason = "bad_interval"
        if event is None or reason is not None:
            raw = json.dumps(source, ensure_ascii=False)
            claims.refusals[(f"{key}:{position}", str(reason), raw, envelope["receipt"], envelope["dialect"])] += 1
            continue
        at_ms, clock = _bounded(event["time"], envelope["received_ms"])
        standing = (envelope["received_ms"], envelope["receipt"].encode(), key, position)
        event |= {"episode_id": episode, "at_ms": at_ms, "clock": clock, "standing": standing}
        known = claims.events.get(event["id"])
        if known is None or standing < known["standing"]:
            claims.events[event["id"]] = event


def _episode(named: Mapping[str, Any], catalogue: Mapping[str, Mapping[str, Any]]) -> str | None:
    if named.get("id") in catalogue:
        return str(named["id"])
    by_url = [name for name, row in catalogue.items() if named.get("url") in row["enclosure_urls"]]
    by_guid = [name for name, row in catalogue.items() if named.get("guid") == row["guid"] != None]  # noqa: E711
    return next((found[0] for found in (by_url, by_guid) if len(found) == 1), None)


def _bounded(time: tuple[int, bool] | None, received_ms: int) -> tuple[int, str]:
    if time is None or not time[1] or time[0] < received_ms - 400 * DAY_MS:
        return received_ms, "unknown"
    if time[0] > received_ms:
        return received_ms, "clamped" if time[0] > received_ms + 120_000 else "wall"
    return time[0], "wall"


def _time(value: Any) -> tuple[int, bool] | None:
    """Unix ms, and whether its offset is one."""
    pattern = r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|([+-])(\d\d):?(\d\d))?"
    match = re.fullmatch(pattern, value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        local = dt.datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00")
    except ValueError:
        return None
    minutes = 0 if match[5] is None else int(match[6]) * 60 + int(match[7])
    shift = minutes if match[5] == "+" else -minutes
    wall_ms = int((local - EPOCH).total_seconds()) * 1000 + int(float(match[3] or 0) * 1000 + 1e-6) - shift * 60_000
    return wall_ms, minutes <= 14 * 60


def _hash(*values: Any) -> str:
    return sha256("\n".join("" if value is None else str(value) for value in values).encode()).hexdigest()


def _text(value: Any, most: int | None = None) -> str | None:
    return value if isinstance(value, str) and value and (most is None or len(value) <= most) else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _actions(envelope: dict[str, Any]) -> list[tuple[Any, dict[str, Any] | None]]:
    body, listener = envelope["body"], envelope["account_id"] or envelope["device_id"]
    if not isinstance(body, list):
        return [(body, None)]
    events = [(action, _action(action, envelope, listener)) for action in body]
    whole = {event["id"]: event for _, event in events if event is not None and event["is_whole"]}
    for _, event in events:
        if event is not None and event["id"] in whole and _is_in_burst(event, whole):
            event |= {"type": "state", "from_ms": None, "to_ms": None}
    return events


def _is_in_burst(event: dict[str, Any], whole: dict[str, dict[str, Any]]) -> bool:
    mates = [other for other in whole.values() if other["called"] == event["called"]]
    if event["time"] is None:
        return len(mates) > 1
    timed = [other for other in mates if other["time"] is not None]
    for long in timed:
        end, least = long["time"][0], long["total"] * 200
        within = [other for other in timed if end - least < other["time"][0] <= end]
        if len(within) > 1 and event["id"] in {other["id"] for other in within}:
            return True
    return False


def _action(action: Any, envelope: dict[str, Any], listener: str | None) -> dict[str, Any] | None:
    if not isinstance(action, dict) or listener is None or not isinstance(action.get("action"), str):
        return None
    podcast, episode, kind = _text(action.get("podcast")), _text(action.get("episode")), action["action"].lower()
    if podcast is None or episode is None or kind not in KINDS:
        return None
    guid, called = _text(action.get("guid")), _text(action.get("device"), 64)
    timestamp = _text(action.get("timestamp"))
    started, position, total = (_whole(action.get(name)) for name in ("started", "position", "total"))
    is_heard = kind == "play" and None not in (started, position, total) and started < position  # type: ignore[operator]
    device = ("gpodder/2", listener, called)
    return {
        "id": _hash(*device, podcast, episode, guid, kind, timestamp, started, position, total),
        "listener_id": listener,
        "device_id": envelope["device_id"] or _hash(*device)[:32],
        "session_id": _hash(*device, podcast, episode, guid, started if is_heard else None)[:32],
        "type": "progress" if is_heard else "download" if kind == "download" else "state",
        "named": {"url": episode, "guid": guid},
        "time": _time(timestamp),
        "from_ms": started * 1000 if is_heard else None,  # type: ignore[operator]
        "to_ms": position * 1000 if is_heard else None,  # type: ignore[operator]
        "called": called,
        "total": total,
        "is_whole": is_heard and started == 0 and position == total,
    }


def _reports(envelope: dict[str, Any]) -> list[tuple[Any, dict[str, Any] | None]]:
    body = envelope["body"]
    if not isinstance(body, dict) or not isinstance(body.get("audioSessions"), list):
        return [(body, None)]
    found: list[tuple[Any, dict[str, Any] | None]] = []
    for session in body["audioSessions"]:
        if (
            not isinstance(session, dict)
            or not isinstance(session.get("events"), list)
            or _text(session.get("sessionId")) is None
            or _text(session.get("episodeId")) is None
        ):
            found.append((session, None))
            continue
        places = [_place(event) for event in session["events"]]
        times = [_time(event.get("timestamp")) if isinstance(event, dict) else None for event in session["events"]]
        for number, (event, place) in enumerate(zip(session["events"], places, strict=True)):
            found.append((event, None if place is None else _marker(envelope, session, places, times, number)))
    return found


def _place(event: Any) -> int | None:
    time = event.get("eventTime") if isinstance(event, dict) else None
    match = re.fullmatch(r"((\d{1,4}):)?(\d{1,2}):(\d\d)(\.\d+)?", time) if isinstance(time, str) else None
    if match is None or int(match[3]) > 59 or int(match[4]) > 59:
        return None
    seconds = int(match[2] or 0) * 3600 + int(match[3]) * 60 + int(match[4])
    return seconds * 1000 + int(float(match[5] or 0) * 1000 + 1e-6)


def _marker(
    envelope: dict[str, Any], session: dict[str, Any], places: list[int | None], times: list[Any], number: int
) -> dict[str, Any]:
    to_ms, from_ms = places[number], None
    assert to_ms is not None
    order = sorted(
        (time[0], place, other)
        for other, (place, time) in enumerate(zip(places, times, strict=True))
        if place is not None and time is not None
    )
    for before, after in pairwise(order):
        if after[2] == number and before[1] < to_ms and to_ms - before[1] <= 5 * (after[0] - before[0] + 1000):
            from_ms = before[1]
    called = _hash("rad/1", session["sessionId"])[:32]
    listener = envelope["account_id"] or envelope["device_id"] or called
    about = (_text(session.get("podcastId")), session["episodeId"])
    return {
        "id": _hash("rad/1", listener, session["sessionId"], *about, from_ms, to_ms),
        "listener_id": listener,
        "device_id": envelope["device_id"] or called,
        "session_id": called,
        "type": "state" if from_ms is None else "progress",
        "named": {"id": session["episodeId"], "guid": session["episodeId"]},
        "time": times[number],
        "from_ms": from_ms,
        "to_ms": None if from_ms is None else to_ms,
    }


def _add_listens(claims: Claims, catalogue: Mapping[str, Mapping[str, Any]]) -> None:
    groups: dict[tuple[str, str, dt.date], list[dict[str, Any]]] = {}
    for event in claims.events.values():
        if event["type"] == "progress":
            day = (EPOCH + dt.timedelta(milliseconds=event["at_ms"])).date()
            groups.setdefault((event["listener_id"], event["episode_id"], day), []).append(event)
    for (listener, episode, day), events in groups.items():
        heard: list[tuple[int, int]] = []
        for start, end in sorted((event["from_ms"], event["to_ms"]) for event in events):
            if heard and start <= heard[-1][1]:
                heard[-1] = (heard[-1][0], max(end, heard[-1][1]))
            else:
                heard.append((start, end))
        heard_ms = sum(end - start for start, end in heard)
        ats = [event["at_ms"] for event in events]
        claims.listens[_hash("listen/1/claimed", listener, episode, day)[:32]] = (
            *(listener, episode, day, heard, heard_ms, heard_ms, 0, len({event["session_id"] for event in events})),
            *(min(ats), max(ats), max(event["standing"][0] for event in events)),
            heard_ms * 100 >= catalogue[episode]["duration_ms"] * 95,
            "counted" if heard_ms > 30_000 else "too_short",
            [],
        )
