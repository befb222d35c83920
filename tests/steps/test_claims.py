"""Claims over several publications: each passes its gate, and says what the plain reading says of all until then."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.properties.plain_claims import read_claims
from tests.properties.tables import rows
from tests.records.made import RECEIVED_MS, envelope, line, progress, text_of

GOLDEN = Path(__file__).parents[1] / "golden" / "dialects"
EPISODE = {"guid": "guid-1", "enclosure_urls": ["https://example.org/1.mp3"], "duration_ms": 600_000}
OTHER = {"guid": "guid-2", "enclosure_urls": ["https://example.org/2.mp3"], "duration_ms": 300_000}
MOVED = {"guid": "guid-1", "enclosure_urls": ["https://cdn.example.org/1.mp3"], "duration_ms": 600_000}
MEASURED = line(progress(to_ms=31_000), account_id="acc")


def landed_bodies(number: int) -> list[bytes]:
    """Every golden body, received at that time: another number is a retry of all of it."""
    lines = []
    for dialect, file in (("gpodder/2", "gpodder.json"), ("rad/1", "rad.json")):
        who = {"device_id": None, "account_id": "acc" if dialect == "gpodder/2" else None}
        for name, body in json.loads((GOLDEN / file).read_text(encoding="utf-8")).items():
            sent = {"receipt": f"{name} {number}", "received_ms": RECEIVED_MS + number * 1000}
            lines.append(text_of(envelope(body, dialect=dialect, **who, **sent)))
    return lines


@pytest.mark.spark
def test_claims_over_several_publications(podledger: Callable[..., Ran], tmp_path: Path) -> None:
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    lines: list[bytes] = []
    known: dict[str, dict[str, Any]] = {}
    for number, (came, catalogue) in enumerate(
        (
            ([MEASURED, *landed_bodies(2)], {"ep-1": EPISODE}),
            ([*landed_bodies(3), *landed_bodies(2)], {"ep-1": EPISODE}),
            ([*landed_bodies(1), *landed_bodies(3)], {"ep-1": EPISODE, "ep-2": OTHER}),
            ([], {"ep-1": MOVED, "ep-2": OTHER | {"guid": "guid-1"}}),
        )
    ):
        lines += came
        known |= catalogue
        write_run(landing, number, came, catalogue)
        ran = podledger("run", "--landing", landing, "--lake", lake)
        assert ran.code == 0, ran.err
        assert published_claims(lake) == plainly(lines, known), number
    (measured,) = [row for row in rows(lake, "silver/listens") if row["evidence"] == "measured"]
    assert (measured["heard_ms"], measured["played_ms"]) == (31_000, 31_000), "no claim lifts a measured listen"


def write_run(landing: Path, number: int, lines: list[bytes], catalogue: dict[str, dict[str, Any]]) -> None:
    folder = landing / "sync" / "2026-10-05" / f"{number:02d}"
    folder.mkdir(parents=True)
    (folder / "part.ndjson.gz").write_bytes(gzip.compress(b"\n".join(lines)))
    (landing / "catalog").mkdir(exist_ok=True)
    told = [{"episode_id": name, "show_id": "s", "creator_id": "c", **row} for name, row in catalogue.items()]
    (landing / "catalog" / "episodes.ndjson").write_text("".join(json.dumps(row) + "\n" for row in told))


def published_claims(lake: Path) -> dict[str, Any]:
    """Of events the type and place, of listens what was heard, of refusals the reason."""
    claimed = [row for row in rows(lake, "silver/events") if row["evidence"] == "claimed"]
    listens = [row for row in rows(lake, "silver/listens") if row["evidence"] == "claimed"]
    return {
        "events": {row["id"]: (row["episode_id"], row["type"], row["line_key"], row["position"]) for row in claimed},
        "listens": {row["listen_id"]: [(span["from_ms"], span["to_ms"]) for span in row["heard"]] for row in listens},
        "refused": Counter((row["key"], row["reason"], row["raw"]) for row in rows(lake, "silver/rejected")),
    }


def plainly(lines: list[bytes], known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    claims = read_claims(lines, known)
    return {
        "events": {
            name: (event["episode_id"], event["type"], *event["standing"][2:]) for name, event in claims.events.items()
        },
        "listens": {name: listen[3] for name, listen in claims.listens.items()},
        "refused": Counter((key, reason, raw) for key, reason, raw, _receipt, _dialect in claims.refusals.elements()),
    }
