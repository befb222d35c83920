"""Small worlds for the property tests: batches with everything that goes wrong, landed in any arrangement."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.properties.claiming import NAMINGS, claim_lines
from tests.records.made import NOON, RECEIVED_MS, body, envelope, made_id, progress, text_of

EPISODES = ("ep-1", "ep-2", "épisode-3")
DEVICES = ("ana", "cem")
"""Of different shares, where there are four."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the same lines land: for each run, the files of that run; and each run's catalogue."""

    runs: list[list[list[bytes]]]
    catalogues: list[dict[str, dict[str, Any]]]

    @property
    def lines(self) -> list[bytes]:
        return [line for files in self.runs for lines in files for line in lines]

    @property
    def known(self) -> dict[str, dict[str, Any]]:
        """The newest rows of all episodes ever seen."""
        return {name: row for catalogue in self.catalogues for name, row in catalogue.items()}


def records(device: str) -> st.SearchStrategy[dict[str, Any]]:
    """A record: mostly progress, on a few seqs so that copies, gaps and forks are common."""

    def made(seq: int, episode: str, start: int, length: int, wall: int, rate: int, offline: int) -> dict[str, Any]:
        record = progress(
            seq=seq,
            session_id=f"s{seq // 3}",
            episode_id=episode,
            from_ms=start,
            to_ms=start + length,
            rate_milli=rate,
            offline=offline,
            wall_ms=NOON + wall,
            session_wall_ms=NOON + wall - 1000,
        )
        return record | {"id": made_id(record, device_id=device)}

    return st.builds(
        made,
        st.integers(1, 9),
        st.sampled_from((*EPISODES, "ep-unknown")),
        st.sampled_from((0, 10_000, 25_000, 40_000, 600_000)),
        st.sampled_from((1, 15_000, 30_000, 30_001, 50_000_000)),
        st.sampled_from((-40 * DAY_MS, -DAY_MS, -HOUR_MS, 0, 12 * HOUR_MS)),
        st.sampled_from((250, 1000, 1500)),
        st.sampled_from((0, 1)),
    )


def broken(device: str) -> st.SearchStrategy[Any]:
    """A record that is refused."""
    return records(device).flatmap(
        lambda record: st.sampled_from(
            [record | {"id": "0" * 64}, record | {"seq": "1"}, record | {"rate_milli": 1.0}, 7]
        )
    )


@st.composite
def batches(draw: st.DrawFn, pool: dict[str, list[Any]]) -> bytes:
    """A landed line: some records of one device's pool, sent at some time by some clock."""
    device = draw(st.sampled_from(DEVICES))
    chosen = draw(st.lists(st.sampled_from(pool[device]), min_size=1, max_size=6))
    received = RECEIVED_MS + draw(st.sampled_from((0, 5000, DAY_MS, 30 * DAY_MS)))
    skew = draw(st.sampled_from((0, 60_000, 7 * HOUR_MS, -2 * DAY_MS)))
    account = draw(st.sampled_from((None, "acc-1", "acc-2")))
    content = body(*chosen, device_id=device, sent={"wall_ms": received - skew})
    receipt = draw(st.sampled_from(("a", "b", "É", "zz")))
    line = envelope(content, receipt=receipt, received_ms=received, device_id=device, account_id=account)
    return text_of(line | draw(st.sampled_from(({}, {}, {}, {}, {"v": 2}, {"device_id": "eve"}))))


@st.composite
def line_sets(draw: st.DrawFn) -> list[bytes]:
    """The distinct lines of a world."""
    pool = {
        device: draw(st.lists(st.one_of(*[records(device)] * 8, broken(device)), min_size=3, max_size=12))
        for device in DEVICES
    }
    lines = draw(st.lists(batches(pool), min_size=2, max_size=12))
    lines += draw(claim_lines())
    return [*dict.fromkeys(lines), *draw(st.lists(st.sampled_from((b"{", b"[]", b"\xff", b'{"v":1}')), max_size=2))]


@st.composite
def arrangements(draw: st.DrawFn, lines: list[bytes], catalogues: list[dict[str, dict[str, Any]]]) -> Arrangement:
    """Any order, split and number of copies of these lines, over as many runs as there are catalogues."""
    repeated = draw(st.lists(st.sampled_from(lines), max_size=4))
    ordered = draw(st.permutations([*lines, *repeated]))
    runs: list[list[list[bytes]]] = [[[], []] for _ in catalogues]
    for line in ordered:
        runs[draw(st.integers(0, len(runs) - 1))][draw(st.integers(0, 1))].append(line)
    return Arrangement(runs, catalogues)


EPISODE_ROWS = st.builds(
    lambda duration_ms, naming: {"duration_ms": duration_ms, **naming},
    st.sampled_from((20_000, 60_000, 700_000, 60_000_000)),
    st.sampled_from(NAMINGS),
)
CATALOGUES = st.lists(
    st.dictionaries(st.sampled_from(EPISODES), EPISODE_ROWS, min_size=1),
    min_size=2,
    max_size=3,
)


def write_run(landing: Path, number: int, arrangement: Arrangement) -> None:
    """Puts the files and the catalogue of one run into the landing folder."""
    for place, lines in enumerate(arrangement.runs[number]):
        path = landing / "sync" / "2026-10-05" / f"{number:02d}" / f"{place}.ndjson.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"\n".join(lines)))
    rows = [
        {"episode_id": name, "show_id": "show-1", "creator_id": "cr-1", **row}
        for name, row in arrangement.catalogues[number].items()
    ]
    catalogue = landing / "catalog" / "episodes.ndjson"
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    catalogue.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
