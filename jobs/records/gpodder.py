"""`gpodder/2`, episode actions of the API of gpodder.net: its rules are in docs/dialects/gpodder.md."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, cast

from jobs.records.claims import FASTEST, Claim, Sender, Stamp, Told, claim_id, claimed_time, pseudonym, read_stamp
from jobs.records.json_text import element_texts
from jobs.records.record import MAX_NAME_CHARS, is_int, is_string

KINDS = frozenset({"download", "delete", "play", "new", "flattr"})
SECOND_MS = 1000
STATE = "state"


@dataclass(frozen=True, slots=True)
class _Action:
    """A well-formed action. Positions in seconds; None is absent, or no int from 0."""

    podcast: str
    episode: str
    guid: str | None
    device: str | None
    kind: str
    timestamp: str | None
    started: int | None
    position: int | None
    total: int | None

    @property
    def stamp(self) -> Stamp | None:
        return read_stamp(self.timestamp)

    @property
    def interval(self) -> tuple[int, int] | None:
        """The content it claims, s; None where it tells of a state only."""
        if self.kind != "play" or self.started is None or self.position is None or self.total is None:
            return None
        return (self.started, self.position) if self.started < self.position else None

    @property
    def is_whole(self) -> bool:
        return self.interval is not None and self.started == 0 and self.position == self.total


def translate_actions(body: object, text: str, sender: Sender) -> list[Told]:
    """The records of a body and its source text: each action, or the body itself where it is no array."""
    if not isinstance(body, list):
        return [Told(text, None)]
    actions = [_read(value) for value in body]
    bursts = _bursts([action for action in actions if action is not None])
    told = []
    for raw, action in zip(element_texts(text), actions, strict=True):
        claim = None if action is None or sender.listener_id is None else _claim(action, sender.listener_id, sender)
        if claim is not None and action in bursts:
            claim = replace(claim, type=STATE, from_ms=None, to_ms=None)
        told.append(Told(raw, claim))
    return told


def _read(value: Any) -> _Action | None:
    if not isinstance(value, dict):
        return None
    kind = value.get("action")
    if not is_string(value.get("podcast")) or not is_string(value.get("episode")) or not isinstance(kind, str):
        return None
    if kind.lower() not in KINDS:
        return None
    return _Action(
        podcast=value["podcast"],
        episode=value["episode"],
        guid=_string(value.get("guid")),
        device=_string(value.get("device"), MAX_NAME_CHARS),
        kind=kind.lower(),
        timestamp=_string(value.get("timestamp")),
        started=_seconds(value.get("started")),
        position=_seconds(value.get("position")),
        total=_seconds(value.get("total")),
    )


def _claim(action: _Action, listener_id: str, sender: Sender) -> Claim:
    of_device = (sender.dialect, listener_id, action.device)
    about = (action.podcast, action.episode, action.guid)
    wall_ms, at_ms, clock = claimed_time(action.stamp, sender.received_ms)
    from_s, to_s = action.interval or (None, None)
    what = (action.kind, action.timestamp, action.started, action.position, action.total)
    return Claim(
        id=claim_id((*of_device, *about, *what)),
        listener_id=listener_id,
        device_id=sender.device_id or pseudonym(of_device),
        session_id=pseudonym((*of_device, *about, from_s)),
        type="progress" if action.interval else "download" if action.kind == "download" else STATE,
        episode_id=None,
        episode_url=action.episode,
        episode_guid=action.guid,
        wall_ms=wall_ms,
        at_ms=at_ms,
        clock=clock,
        from_ms=None if from_s is None else from_s * SECOND_MS,
        to_ms=None if to_s is None else to_s * SECOND_MS,
    )


def _bursts(actions: Sequence[_Action]) -> set[_Action]:
    """The whole plays that one device cannot have heard one after the other, each at the fastest."""
    by_device: dict[str | None, set[_Action]] = defaultdict(set)
    for action in actions:
        if action.is_whole:
            by_device[action.device].add(action)
    found: set[_Action] = set()
    for whole in by_device.values():
        untimed = {one for one in whole if one.stamp is None}
        found |= untimed if len(whole) > 1 else set()
        found |= _too_close([(one.stamp.wall_ms, one) for one in whole if one.stamp is not None])
    return found


def _too_close(timed: list[tuple[int, _Action]]) -> set[_Action]:
    """Those within whose time another one ended: an action's time begins when it must have begun at the latest."""
    timed.sort(key=lambda one: one[0])
    ends = [end_ms for end_ms, _ in timed]
    edges = [0] * (len(ends) + 1)
    for end_ms, action in timed:
        first = bisect_right(ends, end_ms - cast(int, action.total) * SECOND_MS // FASTEST)
        after = bisect_right(ends, end_ms)
        if after - first > 1:
            edges[first] += 1
            edges[after] -= 1
    return {action for (_, action), depth in zip(timed, accumulate(edges), strict=False) if depth}


def _string(value: object, most_chars: int | None = None) -> str | None:
    return cast(str, value) if is_string(value, most_chars) else None


def _seconds(value: object) -> int | None:
    return cast(int, value) if is_int(value, least=0) else None
