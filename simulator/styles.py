"""The JSON of a record in three client styles."""

from typing import NamedTuple

from simulator.catalogue import Episode

COMPACT, SPACED, CHATTY = range(3)
"""Client styles: no spaces; spaces, nulls and escapes; unknown fields and another order."""


class Written(NamedTuple):
    """What every record says, the session and clock parts already as JSON members."""

    record_id: str
    seq: int
    session_json: str
    wall_ms: int
    clock_json: str
    offline: int


def session_json(style: int, session_id: str, wall_ms: int, episode: Episode) -> str:
    """The members of a record that are the same for a whole session."""
    if style == SPACED:
        return f'"session_id": "{session_id}", "session_wall_ms": {wall_ms}, "episode_id": {episode.id_ascii_json}'
    return f'"session_id":"{session_id}","session_wall_ms":{wall_ms},"episode_id":{episode.id_json}'


def clock_json(style: int, boot_id: str, mono_ms: int) -> str:
    """Boot and monotonic clock as members, with a comma behind; an empty `boot_id` is none."""
    if boot_id:
        return f'"boot_id":"{boot_id}","mono_ms":{mono_ms},'
    return '"boot_id": null, "mono_ms": null, ' if style == SPACED else ""


def mark_json(style: int, kind: str, written: Written) -> str:
    """A record without an interval."""
    record_id, seq, session, wall_ms, clock, offline = written
    if style == COMPACT:
        return (
            f'{{"id":"{record_id}","seq":{seq},{session},"type":"{kind}",'
            f'"wall_ms":{wall_ms},{clock}"offline":{offline}}}'
        )
    if style == SPACED:
        return (
            f'{{"seq": {seq}, {session}, "type": "{kind}", "wall_ms": {wall_ms}, {clock}'
            f'"from_ms": null, "to_ms": null, "rate_milli": null, '
            f'"offline": {offline}, "id": "{record_id}"}}'
        )
    return (
        f'{{"type":"{kind}","note":"\\u2713","seq":{seq},{clock}"wall_ms":{wall_ms},'
        f'{session},"offline":{offline},"id":"{record_id}","extra":{{"a":[1,null]}}}}'
    )


def progress_json(style: int, written: Written, from_ms: int, to_ms: int, rate_milli: int) -> str:
    """A `progress` record."""
    record_id, seq, session, wall_ms, clock, offline = written
    if style == COMPACT:
        return (
            f'{{"id":"{record_id}","seq":{seq},{session},"type":"progress",'
            f'"wall_ms":{wall_ms},{clock}"from_ms":{from_ms},"to_ms":{to_ms},'
            f'"rate_milli":{rate_milli},"offline":{offline}}}'
        )
    if style == SPACED:
        return (
            f'{{"seq": {seq}, {session}, "type": "progress", "wall_ms": {wall_ms}, {clock}'
            f'"from_ms": {from_ms}, "to_ms": {to_ms}, "rate_milli": {rate_milli}, '
            f'"offline": {offline}, "id": "{record_id}"}}'
        )
    return (
        f'{{"type":"progress","seq":{seq},{clock}"wall_ms":{wall_ms},{session},'
        f'"from_ms":{from_ms},"to_ms":{to_ms},"rate_milli":{rate_milli},'
        f'"offline":{offline},"id":"{record_id}","battery":0.5}}'
    )
