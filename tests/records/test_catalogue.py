"""Reading one catalogue after another: what was read of a line is kept, and changes nothing."""

import json
from typing import Any

import pytest

from jobs.records.catalogue import CatalogueRefused, Episode, read_catalogue


def row(number: int, **changed: Any) -> bytes:
    values = {"episode_id": f"ep-{number}", "show_id": "sh", "creator_id": "ana", "duration_ms": 1000 + number}
    return json.dumps({**values, **changed}).encode() + b"\n"


def test_a_line_that_stood_there_before_says_what_it_said() -> None:
    contents = [
        row(1) + row(2),
        row(1) + row(2) + row(3),  # one more
        row(1, duration_ms=5) + row(3),  # one changed, one gone
        row(3) + row(1) + row(2),  # another order, and back
    ]
    lines: dict[bytes, Episode] = {}
    kept: dict[str, Episode] = {}
    anew: dict[str, Episode] = {}
    for content in contents:
        kept, anew = read_catalogue(content, kept, lines), read_catalogue(content, anew)
        assert kept == anew
        assert set(lines) == set(content.splitlines())


@pytest.mark.parametrize("bad", [row(1), b"{}\n", row(2, show_id="other")], ids=["repeats", "lacks all", "moves"])
def test_a_catalogue_that_is_refused_changes_nothing_of_what_was_kept(bad: bytes) -> None:
    lines: dict[bytes, Episode] = {}
    known = read_catalogue(row(1) + row(2), {}, lines)
    with pytest.raises(CatalogueRefused):
        read_catalogue(row(1) + bad, known, lines)
    assert set(lines) == set((row(1) + row(2)).splitlines())
