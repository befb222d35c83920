"""Lines of the other dialects for the property tests: few listeners, few names, and everything that goes wrong."""

from typing import Any

from hypothesis import strategies as st

from tests.records.made import NOON, RECEIVED_MS, envelope, text_of

DAY_MS = 86_400_000
NAMINGS: tuple[dict[str, Any], ...] = (
    {"guid": None, "enclosure_urls": []},
    {"guid": "g-1", "enclosure_urls": ["https://h/1.mp3"]},
    {"guid": "g-2", "enclosure_urls": ["https://h/1.mp3", "https://h/2.mp3"]},
    {"guid": "g-2", "enclosure_urls": ["https://h/3.mp3"]},
)
TIMES = st.sampled_from(
    (
        *("2026-10-05T11:00:00", "2026-10-05T11:00:20Z", "2026-10-05 11:30:00.25", "2026-10-05T13:00:00+02:00"),
        *("2026-10-05T11:00:40+18:00", "2026-10-04T23:59:59-14:00", "2026-10-05T12:02:00", "2027-01-01T00:00:00"),
        *("2024-01-01T00:00:00", "2026-02-30T00:00:00", "yesterday", "", 5, None),
    )
)
SECONDS = st.sampled_from((-1, 0, 0, 15, 45, 60, 60, 600, None, 1.5, "0"))


def actions() -> st.SearchStrategy[Any]:
    plays = st.fixed_dictionaries(
        {
            "podcast": st.just("https://h/feed"),
            "episode": st.sampled_from(("https://h/1.mp3", "https://h/2.mp3", "https://h/3.mp3", "https://other/é")),
            "action": st.sampled_from(("play", "play", "play", "Play", "download", "new", "dance")),
            "timestamp": TIMES,
            "started": SECONDS,
            "position": SECONDS,
            "total": SECONDS,
        },
        optional={"guid": st.sampled_from(("g-1", "g-2", 3)), "device": st.sampled_from(("phone", "", "x" * 65))},
    )
    whole = plays.map(lambda play: play | {"action": "play", "started": 0, "position": 60, "total": 60})
    return st.one_of(plays, plays, whole, st.sampled_from((None, 7, "play", {}, [[]])))


def sessions() -> st.SearchStrategy[Any]:
    events = st.fixed_dictionaries(
        {"eventTime": st.sampled_from(("00:00:00.000", "0:10", "00:00:50", "00:01:00.5", "01:00:00", "00:60:00", 5))},
        optional={"timestamp": TIMES, "label": st.just("é")},
    )
    good = st.fixed_dictionaries(
        {
            "sessionId": st.sampled_from(("s-1", "s-2")),
            "episodeId": st.sampled_from(("ep-1", "ep-2", "g-1", "g-2")),
            "events": st.lists(st.one_of(*[events] * 6, st.just(None)), max_size=5),
        },
        optional={"podcastId": st.sampled_from(("show-1", 4))},
    )
    return st.one_of(*[good] * 6, st.sampled_from((None, {}, {"sessionId": "s-1", "episodeId": "ep-1", "events": {}})))


@st.composite
def claim_lines(draw: st.DrawFn) -> list[bytes]:
    """Distinct landed lines, some with what others hold as well."""
    acts, told = draw(st.lists(actions(), min_size=2, max_size=10)), draw(st.lists(sessions(), min_size=1, max_size=4))
    lines = []
    for number in range(draw(st.integers(1, 7))):
        is_action = draw(st.booleans())
        body: Any = draw(st.lists(st.sampled_from(acts if is_action else told), max_size=5))
        body = body if is_action else {"audioSessions": body}
        if draw(st.integers(0, 9)) == 0:
            body = draw(st.sampled_from(("junk", 5, [], {}, {"audioSessions": None}, {"a": [{}]})))
        who = draw(st.sampled_from(({"account_id": "acc-1"}, {"account_id": "acc-2"}, {"device_id": "ana"}, {})))
        told_of = {"device_id": None, "account_id": None, "received_ms": draw(received())} | who
        dialect = "gpodder/2" if is_action else "rad/1"
        lines.append(text_of(envelope(body, receipt=f"c-{number % 3}", dialect=dialect, **told_of)))
    return list(dict.fromkeys(lines))


def received() -> st.SearchStrategy[int]:
    return st.sampled_from((RECEIVED_MS, NOON - 3_000_000, NOON - 3_599_990, RECEIVED_MS + 30 * DAY_MS))
