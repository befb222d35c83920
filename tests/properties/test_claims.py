"""Claims counted without a session, in many more worlds than whole runs could take: the same as the plain reading."""

import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.lake.claim_rows import ROWS as CLAIM_ROWS
from jobs.lake.claim_rows import claim_rows
from jobs.lake.engine import engine
from jobs.lake.lines import read_lines
from jobs.lake.schema import arrow_schema
from jobs.steps.claiming import ClaimsToCount, count_claims
from jobs.steps.landings import Landings
from jobs.steps.shares import shares
from jobs.tables import EPISODES, EVENTS, REJECTED
from tests.properties.claiming import claim_lines
from tests.properties.plain_claims import read_claims
from tests.properties.worlds import CATALOGUES, Arrangement, arrangements

SHARES = shares(100, 80)


class Counted:
    """Events and refusals by their key, brought up to date run by run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for table in (EVENTS, REJECTED):
            (folder / table.name).mkdir(parents=True)
        self.tables: dict[str, dict[str, dict[str, Any]]] = {"events": {}, "refusals": {}}
        self.claims: list[Path] = []
        self.catalogues: list[Path] = []
        self.known: dict[str, dict[str, Any]] | None = None

    def run(self, lines: list[bytes], catalogue: dict[str, dict[str, Any]]) -> int:
        """Counts one landing; how many rows came or went."""
        number = len(self.claims) + 1
        self.claims.append(self.folder / f"claims-{number}.parquet")
        rows = [claim_rows(batch, number) for batch in read_lines(lines)]
        pq.write_table(pa.Table.from_batches(rows, CLAIM_ROWS), self.claims[-1])
        self.catalogues.append(self.folder / f"episodes-{number}.parquet")
        pq.write_table(
            pa.Table.from_pylist([_row(*one) for one in catalogue.items()], EPISODE_ROWS), self.catalogues[-1]
        )
        is_renamed = self.known not in (None, catalogue)
        self.known = dict(catalogue)
        return self.count(number, is_renamed)

    def count(self, number: int, is_renamed: bool) -> int:
        """Counts the claims of that landing, or all by another catalogue."""
        given = ClaimsToCount(self.claims, self.catalogues[-2:-1], self.catalogues[-1:], is_renamed)
        changed = 0
        for share in SHARES:
            with engine(self.folder) as sql:
                found = count_claims(sql, self.folder, given, Landings(number, number), share.condition, [])
            for name, table, key, parts, gone in (
                ("events", EVENTS.name, "id", found.events, found.events_gone),
                ("refusals", REJECTED.name, "key", found.refusals, found.refusals_gone),
            ):
                for row in gone.to_pylist():
                    del self.tables[name][row[key]]
                for part in parts:
                    for row in pq.read_table(self.folder / table / part.path).to_pylist():
                        assert row[key] not in self.tables[name], "a row that is there does not come again"
                        self.tables[name][row[key]] = row
                        changed += 1
                changed += gone.num_rows
        return changed


EPISODE_ROWS = arrow_schema(EPISODES)


def _row(episode_id: str, row: dict[str, Any]) -> dict[str, Any]:
    whole = {"episode_id": episode_id, "show_id": "show-1", "creator_id": "cr-1", **row}
    told = {name: whole[name] for name in ("episode_id", "show_id", "creator_id", "duration_ms")}
    return {**told, "row": json.dumps(whole), "listed": True}


@st.composite
def two_arrangements(draw: st.DrawFn) -> tuple[Arrangement, Arrangement]:
    lines, catalogues = draw(claim_lines()), draw(CATALOGUES)
    catalogues = [*catalogues, catalogues[-1]]
    return draw(arrangements(lines, catalogues)), draw(arrangements(lines, catalogues))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(both=two_arrangements())
def test_claims_are_those_of_the_pages_however_they_land(both: tuple[Arrangement, Arrangement]) -> None:
    whole = read_claims(both[0].lines, both[0].known)
    found = []
    for arrangement in both:
        folder = Path(tempfile.mkdtemp(prefix="podledger-"))
        try:
            counted = Counted(folder)
            known: dict[str, dict[str, Any]] = {}
            for files, catalogue in zip(arrangement.runs, arrangement.catalogues, strict=True):
                known |= catalogue
                counted.run([line for lines in files for line in lines], known)
            assert counted.run([], known) == 0, "nothing new changes nothing"
        finally:
            shutil.rmtree(folder)
        found.append(counted.tables)
    assert found[0] == found[1]
    assert {name: _event(row) for name, row in found[0]["events"].items()} == {
        name: _plain(event) for name, event in whole.events.items()
    }
    columns = ("key", "reason", "raw", "receipt", "dialect")
    refusals = Counter(tuple(row[name] for name in columns) for row in found[0]["refusals"].values())
    assert refusals == whole.refusals


SAID = ("listener_id", "device_id", "session_id", "episode_id", "type", "clock", "from_ms", "to_ms")


def _event(row: dict[str, Any]) -> tuple[Any, ...]:
    when = (round(row[name].timestamp() * 1000) for name in ("at", "received_at"))
    return (*(row[name] for name in SAID), *when, row["receipt"], row["line_key"], row["position"])


def _plain(event: dict[str, Any]) -> tuple[Any, ...]:
    received_ms, receipt, line_key, position = event["standing"]
    return (*(event[name] for name in SAID), event["at_ms"], received_ms, receipt.decode(), line_key, position)
