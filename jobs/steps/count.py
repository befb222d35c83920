"""Count: every landed record judged, every accepted one an event once, told by the copy that counts."""

from collections import Counter
from dataclasses import replace
from functools import reduce
from pathlib import Path

import pyarrow as pa

from jobs.errors import Stop
from jobs.published.reading import rows
from jobs.steps.catalogue import changed_episodes, episodes_at
from jobs.steps.claiming import ClaimsToCount
from jobs.steps.counting import Counted, ShareToCount, count_share
from jobs.steps.landings import Landings
from jobs.steps.shares import Share, shares
from jobs.steps.work import Report, Step, Work
from jobs.tables import (
    CLAIMS,
    DEVICE_LOGS,
    EPISODES,
    EVENTS,
    REJECTED,
    SYNC_BATCHES,
    SYNC_LINES,
    SYNC_RECORDS,
    Table,
)

WRITES = (EVENTS, REJECTED, DEVICE_LOGS)


def _count(work: Work) -> Report:
    _demand_catalogue(work)
    last = work.state.done.get("counted", {}).get("landing", 0)
    landings = Landings(last + 1, work.state.done.get("landing", {}).get("number", 0))
    is_rejudged = _is_rejudged(work)
    records = landings.rows_in(work, SYNC_RECORDS)
    claims = _claims(work, landings)
    refused = work.files(REJECTED) if is_rejudged else landings.refusals_of_that_time(work)
    asked = [
        replace(_share(work, share, landings, is_rejudged, set(refused)), claims=claims)
        for share in shares(records + (work.store.count(EVENTS) // 10 if is_rejudged else 0))
    ]
    counted = work.store.spread(count_share, asked)
    for table in WRITES:
        parts = [part for one in counted for part in one.parts.get(table.name, [])]
        work.store.put(table, parts, _gone(counted, table), _held_in(counted, table))
    work.state.done["counted"] = {"landing": landings.last}
    return _report(work, landings, counted)


def _demand_catalogue(work: Work) -> None:
    if not work.state.catalogue.get("in_force"):
        faults = work.state.catalogue.get("faults")
        why = f"it was refused: {'; '.join(faults[:3])}" if faults else "there is none"
        raise Stop(
            f"no catalogue is in force ({why}): put {work.settings.landing}/catalog/episodes.ndjson right, "
            "see docs/runbooks/catalogue.md"
        )


def _is_rejudged(work: Work) -> bool:
    """Whether the catalogue, as it is now, may make refused records events, or events refused.

    It may when an episode has another length than when records were last judged, or when one appeared that refused
    records were waiting for.
    """
    before = work.before("count", EPISODES)
    if before in (-1, work.state.tables.get(EPISODES.name, -1)):
        return False
    changed = set(changed_episodes(work, before, ("duration_ms",)))
    if not changed:
        return False
    return not changed.isdisjoint(episodes_at(work, before, ())) or _are_waited_for(work, changed)


def _are_waited_for(work: Work, episodes: set[str]) -> bool:
    """Whether a record was refused that names one of these episodes."""
    refused = work.files(REJECTED, {"episode_id": episodes})
    with work.store.engine() as sql:
        sql.files("rejected", REJECTED, refused)
        sql.rows("changed", pa.table({"episode_id": sorted(episodes)}))
        return sql.value("SELECT count(*) FROM rejected SEMI JOIN changed USING (episode_id)") > 0


def _share(work: Work, share: Share, landings: Landings, is_rejudged: bool, refused: set[Path]) -> ShareToCount:
    landed = share.within if is_rejudged else {**share.within, **landings.within}
    files = {table.name: work.files(table, landed) for table in (SYNC_RECORDS, SYNC_LINES)}
    files |= {table.name: work.files(table, share.within) for table in (REJECTED, DEVICE_LOGS)}
    files[REJECTED.name] = [path for path in files[REJECTED.name] if path in refused]
    files[EVENTS.name] = work.store.newest_first(EVENTS, "received_at", share.within)
    files[EPISODES.name] = work.files(EPISODES)
    known = work.store.files(EPISODES, work.before("count", EPISODES)) if is_rejudged else None
    return ShareToCount(work.settings.lake, work.store.scratch, share, landings, files, known)


def _claims(work: Work, landings: Landings) -> ClaimsToCount | None:
    """The claims in question: where some came, or the catalogue says anything else of any episode than before."""
    before = work.before("count", EPISODES)
    is_renamed = before not in (-1, work.state.tables.get(EPISODES.name, -1))
    files = work.files(CLAIMS)
    if not files or not (is_renamed or landings.rows_in(work, CLAIMS)):
        return None
    return ClaimsToCount(files, work.store.files(EPISODES, before), work.files(EPISODES), is_renamed)


def _gone(counted: list[Counted], table: Table) -> pa.Table | None:
    tables = [one.gone[table.name] for one in counted if table.name in one.gone]
    return pa.concat_tables(tables) if tables else None


def _held_in(counted: list[Counted], table: Table) -> list[Path] | None:
    """The files that hold the rows that go, where each share knows them."""
    if table is not EVENTS or any(one.figures["fallen"] for one in counted):
        return None
    return sorted({Path(name) for one in counted for name in one.held_in})


def _report(work: Work, landings: Landings, counted: list[Counted]) -> Report:
    figures = reduce(lambda one, other: one + other, (Counter(one.figures) for one in counted), Counter[str]())
    refused = reduce(lambda one, other: one + other, (Counter(one.refused) for one in counted), Counter[str]())
    report = Report("count", news=True)
    report.figures["records"] = _records_in(work, landings)
    report.figures |= {"refused": refused.total(), **refused}
    if figures["fallen"]:
        report.figures["no_events_any_more"] = figures["fallen"]
    report.figures["events"] = figures["added"]
    if figures["moved"]:
        report.figures["moved"] = figures["moved"]
    return report


def _records_in(work: Work, landings: Landings) -> int:
    """How many records the new batches hold."""
    version = work.state.tables.get(SYNC_BATCHES.name)
    if version is None:
        return 0
    found = rows(work.settings.lake, SYNC_BATCHES.name, version, landings.condition, "sum(records) as records")
    return int(found.column("records")[0].as_py() or 0)


COUNT = Step(
    "count",
    reads=(SYNC_LINES, SYNC_RECORDS, CLAIMS, SYNC_BATCHES, EPISODES),
    writes=WRITES,
    run=_count,
)
