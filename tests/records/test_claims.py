"""What bodies that real players send come to, row by row, by the pages of docs/dialects."""

import datetime as dt
import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from jobs.records.claims import Claim, Stamp, Told, claimed_time, read_stamp
from jobs.records.clock import DAY_MS, Clock
from jobs.records.shape import Batch, judge_line
from tests.records.made import NOON, RECEIVED_MS, envelope, text_of

GOLDEN = Path(__file__).parents[1] / "golden" / "dialects"
BODIES: dict[str, Any] = {
    name: body
    for file in ("gpodder.json", "rad.json")
    for name, body in json.loads((GOLDEN / file).read_text(encoding="utf-8")).items()
}
PLAY = {
    "podcast": "https://h/feed",
    "episode": "https://h/1.mp3",
    "action": "play",
    "timestamp": "2026-10-05T11:00:00",
    "started": 0,
    "position": 60,
    "total": 600,
}


def told(body: Any, dialect: str | None = None, **changed: Any) -> list[Told]:
    named = dialect or ("gpodder/2" if isinstance(body, list) else "rad/1")
    whole = {"dialect": named, "device_id": None, "account_id": "acc" if named == "gpodder/2" else None}
    batch = judge_line(text_of(envelope(body, **{**whole, **changed})))
    assert isinstance(batch, Batch)
    return list(batch.claims)


def claims(body: Any, dialect: str | None = None, **changed: Any) -> list[Claim]:
    found = [one.claim for one in told(body, dialect, **changed)]
    assert None not in found
    return [claim for claim in found if claim is not None]


def said(found: Iterable[Claim]) -> list[tuple[str, int | None, int | None]]:
    """Type and interval, s."""
    return [(claim.type, seconds(claim.from_ms), seconds(claim.to_ms)) for claim in found]


def seconds(position_ms: int | None) -> int | None:
    return None if position_ms is None else position_ms // 1000


def test_antennapod() -> None:
    found = claims(BODIES["antennapod, paused twice, then marked as played"])
    assert said(found) == [
        ("download", None, None),
        ("progress", 0, 60),
        ("progress", 0, 120),
        ("state", None, None),
        ("state", None, None),
        ("state", None, None),
    ]
    assert len({claim.id for claim in found}) == 6
    assert found[1].session_id == found[2].session_id, "intervals that grow from one start are one session"
    assert (found[1].episode_url, found[1].episode_guid) == ("https://example.org/1.mp3", "guid-1")
    assert {claim.listener_id for claim in found} == {"acc"}
    hour = dt.datetime(2026, 10, 5, 10, 1, tzinfo=dt.UTC)
    assert (found[1].at_ms, found[1].clock) == (int(hour.timestamp()) * 1000, Clock.WALL)


def test_mygpoclient() -> None:
    found = claims(BODIES["mygpoclient, without a total and with fractions of a second"])
    assert said(found) == [("progress", 30, 90), ("state", None, None)]
    assert found[0].wall_ms % 1000 == 250


def test_an_id_is_what_the_page_says() -> None:
    (claim,) = claims([PLAY | {"device": "phone", "guid": "g"}])
    about = ["gpodder/2", "acc", "phone", "https://h/feed", "https://h/1.mp3", "g"]
    values = [*about, "play", "2026-10-05T11:00:00", "0", "60", "600"]
    assert claim.id == sha256("\n".join(values).encode()).hexdigest()
    assert claim.device_id == sha256(b"gpodder/2\nacc\nphone").hexdigest()[:32]


def test_nothing_that_a_retry_changes_is_part_of_an_id() -> None:
    again: dict[str, Any] = {"receipt": "r-2", "received_ms": RECEIVED_MS + 5, "network": "n2", "user_agent": "x"}
    for body in (
        BODIES["antennapod, paused twice, then marked as played"],
        BODIES["ios, with a jump over eight minutes"],
    ):
        assert [claim.id for claim in claims(body)] == [claim.id for claim in claims(body, **again)]
    restamped = json.loads(json.dumps(BODIES["ios, with a jump over eight minutes"]).replace("T12:", "T13:"))
    assert [one.id for one in claims(restamped)] == [
        one.id for one in claims(BODIES["ios, with a jump over eight minutes"])
    ]
    (mine,), (other,) = claims([PLAY]), claims([PLAY], account_id="another")
    assert mine.id != other.id


def whole(episode: int, timestamp: str | None, total: int = 600, **changed: Any) -> dict[str, Any]:
    return PLAY | {
        "episode": f"https://h/{episode}.mp3",
        "timestamp": timestamp,
        "position": total,
        "total": total,
        **changed,
    }


@pytest.mark.parametrize(
    ("actions", "heard"),
    [
        (BODIES["all of a show marked as played in one second"], [False, False]),
        ([whole(1, "2026-10-05T10:00:00")], [True]),
        ([whole(1, "2026-10-05T10:00:00"), whole(2, "2026-10-05T10:01:59")], [False, False]),
        ([whole(1, "2026-10-05T10:00:00"), whole(2, "2026-10-05T10:02:00")], [True, True]),
        ([whole(2, "2026-10-05T10:01:59"), whole(1, "2026-10-05T10:00:00")], [False, False]),
        ([whole(1, "2026-10-05T10:00:00"), whole(2, "2026-10-05T10:00:00", device="tv")], [True, True]),
        ([whole(1, "2026-10-05T10:00:00"), whole(1, "2026-10-05T10:00:00")], [True, True]),
        ([whole(1, None)], [True]),
        ([whole(1, None), whole(2, "2026-10-05T10:00:00")], [False, True]),
        ([whole(1, "2026-10-05T10:00:00"), PLAY | {"timestamp": "2026-10-05T10:00:00"}], [True, True]),
        (
            [
                whole(1, "2026-10-05T10:00:00", 5),
                whole(2, "2026-10-05T10:00:50", 5),
                whole(3, "2026-10-05T10:01:00", 3600),
            ],
            [False, False, False],
        ),
    ],
)
def test_bursts_are_no_listening(actions: list[Any], heard: list[bool]) -> None:
    assert [claim.type == "progress" for claim in claims(actions)] == heard


@pytest.mark.parametrize(
    "changed",
    [
        {"started": -1},
        {"position": -1},
        {"total": None},
        {"total": 600.5},
        {"started": "0"},
        {"started": 60},
        {"started": 61},
        {"started": 600, "position": 600},
        {"action": "new"},
        {"action": "flattr"},
    ],
)
def test_what_is_state_only(changed: dict[str, Any]) -> None:
    assert said(claims([PLAY | changed])) == [("state", None, None)]


@pytest.mark.parametrize(
    "action",
    [
        None,
        5,
        [],
        {},
        PLAY | {"action": "dance"},
        PLAY | {"action": None},
        PLAY | {"episode": ""},
        PLAY | {"podcast": 5},
    ],
)
def test_actions_that_are_none(action: Any) -> None:
    ((first, second),) = [told([action, PLAY])]
    assert (first.claim, json.loads(first.raw)) == (None, action)
    assert second.claim is not None, "a bad one does not touch its neighbour"


def test_an_action_of_nobody_is_malformed() -> None:
    assert [one.claim for one in told([PLAY], account_id=None)] == [None]
    (claim,) = claims([PLAY], account_id=None, device_id="proved")
    assert (claim.listener_id, claim.device_id) == ("proved", "proved")


@pytest.mark.parametrize("dialect", ["gpodder/2", "rad/1"])
@pytest.mark.parametrize("body", ["base64:/w==", 5, True, {"audioSessions": {}}, {"a": [[]]}])
def test_a_body_that_is_none_is_one_record(dialect: str, body: Any) -> None:
    (only,) = told(body, dialect)
    assert (only.claim, json.loads(only.raw)) == (None, body)


def test_rad_on_android() -> None:
    found = claims(BODIES["android, its offset twice what it should be"])
    assert said(found) == [("state", None, None), ("progress", 0, 60), ("progress", 60, 120)]
    assert {(claim.at_ms, claim.clock) for claim in found} == {(RECEIVED_MS, Clock.UNKNOWN)}
    assert {claim.episode_id for claim in found} == {"ep-1"}
    assert {claim.listener_id for claim in found} == {
        sha256(b"rad/1\n3f0c2f6e-6a0e-4b8e-9c57-0d9b2b0f5a11").hexdigest()[:32]
    }


def test_rad_on_ios() -> None:
    found = claims(BODIES["ios, with a jump over eight minutes"])
    assert said(found) == [("state", None, None), ("progress", 0, 60), ("state", None, None), ("progress", 540, 570)]
    assert found[1].at_ms == NOON - 7_140_000, "10:01 UTC"


def test_rad_in_pieces() -> None:
    found = told(BODIES["one event that is none"])
    assert [one.claim is None for one in found] == [True, False, True]
    assert json.loads(found[2].raw) == {"episodeId": "ep-1", "events": []}
    assert told({"audioSessions": []}) == []


@pytest.mark.parametrize(
    ("later", "heard"),
    [
        ("2026-10-05T10:00:11", True),
        ("2026-10-05T10:00:10", False),
        ("2026-10-05T18:00:00", True),
        ("2026-10-05T09:00:00", False),
    ],
)
def test_a_marker_needs_time_to_be_reached(later: str, heard: bool) -> None:
    events = [
        {"eventTime": "00:00", "timestamp": "2026-10-05T10:00:00"},
        {"eventTime": "01:00", "timestamp": later},
    ]
    found = claims({"audioSessions": [{"sessionId": "s", "episodeId": "e", "events": events}]})
    assert (found[1].type == "progress") is heard


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("1970-01-01T00:00:01", Stamp(1000, True)),
        ("1970-01-01 00:00:01Z", Stamp(1000, True)),
        ("1970-01-01T00:00:01.0019", Stamp(1001, True)),
        ("1970-01-01T02:00:00+02:00", Stamp(0, True)),
        ("1969-12-31T10:00:00-1400", Stamp(0, True)),
        ("1970-01-01T14:01:00+14:01", Stamp(0, False)),
        ("1970-01-01T18:00:00+18:00", Stamp(0, False)),
        ("1970-02-30T00:00:00", None),
        ("1970-01-01", None),
        ("now", None),
        ("", None),
        (0, None),
        (None, None),
    ],
)
def test_times(text: Any, stamp: Stamp | None) -> None:
    assert read_stamp(text) == stamp


@pytest.mark.parametrize(
    ("stamp", "at_ms", "clock"),
    [
        (None, NOON, Clock.UNKNOWN),
        (Stamp(NOON - 1, False), NOON, Clock.UNKNOWN),
        (Stamp(NOON - 1, True), NOON - 1, Clock.WALL),
        (Stamp(NOON + 120_000, True), NOON, Clock.WALL),
        (Stamp(NOON + 120_001, True), NOON, Clock.CLAMPED),
        (Stamp(NOON - 400 * DAY_MS, True), NOON - 400 * DAY_MS, Clock.WALL),
        (Stamp(NOON - 400 * DAY_MS - 1, True), NOON, Clock.UNKNOWN),
    ],
)
def test_times_are_bounded_by_arrival(stamp: Stamp | None, at_ms: int, clock: Clock) -> None:
    assert claimed_time(stamp, NOON)[1:] == (at_ms, clock)
