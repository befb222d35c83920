"""One share of the claims: what they came to before, what they come to now, and the difference.

Claims are few beside records, and have no log that tells which of them are new. So all copies of a claim are judged
together, by the catalogue before with what had landed then, and by this one with what has landed now.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.lake.engine import Engine
from jobs.lake.parts import Part
from jobs.records.json_text import read_value
from jobs.records.record import is_string
from jobs.steps.landings import Landings
from jobs.tables import CLAIMS, EPISODES, EVENTS, REJECTED
from jobs.transforms.claims import claimed_events, claimed_refusals, judged_claims
from jobs.transforms.events import counting_copies

NAMES = pa.schema({"kind": pa.string(), "name": pa.string(), "episode_id": pa.string()})


@dataclass(frozen=True, slots=True)
class ClaimsToCount:
    """Files of the claims, and of the catalogues by which they were judged last and are judged now.

    ``is_renamed`` says that these are two: then every claim is in question, and else those that came.
    """

    claims: list[Path]
    known_episodes: list[Path]
    episodes: list[Path]
    is_renamed: bool


@dataclass(slots=True)
class ClaimsCounted:
    """Files written, and rows that are to go: ids of events with the files that hold them, keys of refusals.

    ``figures`` are events `added`, `moved` and `fallen`; ``refused`` are new refusals by reason.
    """

    events: list[Part]
    events_gone: pa.Table
    held_in: list[str]
    refusals: list[Part]
    refusals_gone: pa.Table
    figures: dict[str, int]
    refused: dict[str, int]


def count_claims(
    sql: Engine, lake: Path, given: ClaimsToCount, landings: Landings, share: str, events: list[Path]
) -> ClaimsCounted:
    """Counts the claims of a share, an SQL condition; ``events`` are the files that may hold its events."""
    sql.files("claims", CLAIMS, given.claims, f"{share} AND landed_in <= {landings.last}")
    asked = "FROM claims"
    if not given.is_renamed:
        new = f"FROM claims WHERE {landings.condition}"
        malformed = f"SELECT * FROM claims SEMI JOIN ({new}) USING (line_key, position) WHERE id IS NULL"
        asked = f"SELECT * FROM claims SEMI JOIN ({new}) USING (id) UNION ALL {malformed}"
    sql.keep("asked", asked)
    _judge(sql, "before", f"(FROM asked WHERE landed_in < {landings.first})", given.known_episodes)
    _judge(sql, "now", "asked", given.episodes)
    for one, other in (("before", "now"), ("now", "before")):
        for what in ("events", "refusals"):
            sql.keep(f"claimed_{what}_only_{one}", f"FROM claimed_{what}_{one} EXCEPT FROM claimed_{what}_{other}")
    events_gone = sql.query("SELECT id FROM claimed_events_only_before")
    held_in = sql.files_with(events, "claimed_events_only_before", "id") if events_gone.num_rows else []
    by_reason = sql.query("SELECT reason, count(*) AS rows FROM claimed_refusals_only_now GROUP BY reason").to_pylist()
    return ClaimsCounted(
        events=sql.write(lake / EVENTS.name, EVENTS, "FROM claimed_events_only_now"),
        events_gone=events_gone,
        held_in=[str(path) for path in held_in],
        refusals=sql.write(lake / REJECTED.name, REJECTED, "FROM claimed_refusals_only_now"),
        refusals_gone=sql.query("SELECT key FROM claimed_refusals_only_before"),
        figures={name: sql.value(f"SELECT count(*) FROM ({query})") for name, query in _FIGURES.items()},
        refused={row["reason"]: row["rows"] for row in by_reason},
    )


_FIGURES = {
    "added": "FROM claimed_events_only_now ANTI JOIN claimed_events_before USING (id)",
    "moved": "FROM claimed_events_only_now SEMI JOIN claimed_events_before USING (id)",
    "fallen": "FROM claimed_events_only_before ANTI JOIN claimed_events_now USING (id)",
}


def _judge(sql: Engine, when: str, claims: str, episodes: list[Path]) -> None:
    """``claimed_events_…`` and ``claimed_refusals_…``: what these claims come to by that catalogue."""
    sql.files(f"episodes_{when}", EPISODES, episodes)
    catalogue = sql.query(f'SELECT episode_id, "row" FROM episodes_{when}').to_pylist()
    sql.rows(f"names_{when}", pa.Table.from_pylist([one for row in catalogue for one in _names(row)], schema=NAMES))
    sql.keep(f"judged_{when}", judged_claims(claims, f"episodes_{when}", f"names_{when}"))
    sql.keep(f"claimed_events_{when}", claimed_events(f"({counting_copies(f'judged_{when}')})"))
    sql.keep(f"claimed_refusals_{when}", claimed_refusals(f"judged_{when}"))


def _names(episode: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The names that an episode's row gives it besides its id; a wrong type is no name."""
    row: Any = read_value(episode["row"].encode("utf-8"))
    urls = row.get("enclosure_urls")
    named = [("guid", row.get("guid")), *(("url", url) for url in (urls if isinstance(urls, list) else []))]
    for kind, name in named:
        if is_string(name):
            yield {"kind": kind, "name": name, "episode_id": episode["episode_id"]}
