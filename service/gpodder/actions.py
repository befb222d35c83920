"""Episode actions: what is kept of one, in the form that every client reads."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from jobs.records.gpodder import KINDS
from jobs.records.record import is_int, is_string

MOST_URL_CHARS = 1024
MOST_DEVICE_CHARS = 64
POSITIONS = ("started", "position", "total")


@dataclass(frozen=True, slots=True)
class Action:
    """One action; ``text`` is its JSON."""

    podcast: str
    episode: str
    device: str | None
    text: str

    @property
    def digest(self) -> str:
        """The same for the same action, whenever it is sent."""
        return sha256(self.text.encode("utf-8")).hexdigest()


def read_action(value: Any) -> Action | None:
    """What other devices can be told of an action; None where it is none. The raw one has landed already."""
    if not isinstance(value, dict):
        return None
    podcast, episode, kind = value.get("podcast"), value.get("episode"), value.get("action")
    if not is_string(podcast, MOST_URL_CHARS) or not is_string(episode, MOST_URL_CHARS) or not isinstance(kind, str):
        return None
    if kind.lower() not in KINDS:
        return None
    told: dict[str, Any] = {"podcast": podcast, "episode": episode, "action": kind.lower()}
    device = value.get("device")
    if is_string(device, MOST_DEVICE_CHARS):
        told["device"] = device
    timestamp = plain_timestamp(value.get("timestamp"))
    if timestamp is not None:
        told["timestamp"] = timestamp
    if kind.lower() == "play" and is_int(value.get("position")):
        told |= {name: value[name] for name in POSITIONS if is_int(value.get(name))}
    guid = value.get("guid")
    if is_string(guid, MOST_URL_CHARS):
        told["guid"] = guid
    return Action(str(podcast), str(episode), told.get("device"), json.dumps(told, sort_keys=True))


def plain_timestamp(value: Any) -> str | None:
    """A time as ``YYYY-MM-DDTHH:MM:SS`` in UTC, the one form that no client chokes on; None where it is no time."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        utc = moment.astimezone(UTC) if moment.tzinfo else moment
        return utc.replace(tzinfo=None).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return None
