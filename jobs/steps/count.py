"""Count: every landed record judged, every accepted one an event once, told by the copy that counts."""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.errors import Stop
from jobs.lake.texts import refusals
from jobs.published.reading import rows
from jobs.steps.landings import Landings
from jobs.steps.rejudge import Reopened, reopened
from jobs.steps.work import Report, Step, Work
from jobs.tables import (
    DEVICE_LOGS,
    EPISODES,
    EVENTS,
    REJECTED,
    SYNC_BATCHES,
    SYNC_LINES,
    SYNC_RECORDS,
)
from jobs.transforms import device_logs
from jobs.transforms.clock import placed
from jobs.transforms.events import as_events, counting_copies, counts_before
from jobs.transforms.records import judged


@dataclass(frozen=True, slots=True)
class Counted:
    """New counting copies against what is there: ids not seen before, and ids whose event moves to them."""

    new: DataFrame
    moved: DataFrame | None


def _count(work: Work) -> Report:
    if not work.state.catalogue.get("in_force"):
        faults = work.state.catalogue.get("faults")
        why = f"it was refused: {'; '.join(faults[:3])}" if faults else "there is none"
        raise Stop(
            f"no catalogue is in force ({why}): put {work.settings.landing}/catalog/episodes.ndjson right, "
            "see docs/runbooks/catalogue.md"
        )
    report = Report("count", news=True)
    last = work.state.done.get("counted", {}).get("landing", 0)
    newest = work.state.done.get("landing", {}).get("number", 0)
    landed = Landings(last + 1, newest)
    again = reopened(work)
    records = landed.of(work, SYNC_RECORDS)
    if again.records is not None:
        records = records.unionByName(again.records)
    judged_records = judged(records, work.read(EPISODES))
    report.figures["records"] = _records_in(work, landed)
    _write_refusals(work, landed, judged_records, again, report)
    _write_events(work, judged_records, again, report)
    _write_logs(work, again)
    work.state.done["counted"] = {"landing": newest}
    return report


def _records_in(work: Work, landed: Landings) -> int:
    """How many records the new batches hold."""
    version = work.state.tables.get(SYNC_BATCHES.name)
    if version is None:
        return 0
    found = rows(work.settings.lake, SYNC_BATCHES.name, version, landed.condition, "sum(records) as records")
    return int(found.column("records")[0].as_py() or 0)


def _write_events(work: Work, records: DataFrame, again: Reopened, report: Report) -> None:
    best = counting_copies(records.where(F.col("reason").isNull()))
    if again.fallen is not None:
        work.store.put(EVENTS, gone=again.fallen)
        report.figures["no_events_any_more"] = again.fallen.count()
    counted = _against_known(work, as_events(placed(best)))
    known = work.store.count(EVENTS)
    work.store.append(EVENTS, counted.new)
    report.figures["events"] = work.store.count(EVENTS) - known
    if counted.moved is not None:
        work.store.put(EVENTS, counted.moved)
        report.figures["moved"] = counted.moved.count()


def _against_known(work: Work, copies: DataFrame) -> Counted:
    """Splits counting copies by what the events know of their ids.

    Only a record at a seq that its log has seen can be a copy (or a fork), so history is asked for those alone.
    """
    if not work.store.count(EVENTS):
        return Counted(copies, None)
    marked = device_logs.is_seen(work.store.read(DEVICE_LOGS), copies).persist()
    candidates = marked.where("is_seen")
    known = (
        work.store.read(EVENTS)
        .join(F.broadcast(candidates.select("id")), "id", "left_semi")
        .select("id", "listen_day", "received_at", "receipt", "line_key", "position")
        .localCheckpoint()
    )
    moves = candidates.alias("copy").join(known.alias("event"), "id", "inner").where(counts_before("copy", "event"))
    moved = moves.select("copy.*").drop("is_seen").localCheckpoint()  # outlives the writes to the events
    new = marked.join(F.broadcast(known.select("id")), "id", "left_anti")
    return Counted(new, moved if moved.head(1) else None)


def _write_refusals(work: Work, landed: Landings, records: DataFrame, again: Reopened, report: Report) -> None:
    if again.refusals is not None:
        work.store.put(REJECTED, gone=again.refusals)
    refused = records.where(F.col("reason").isNotNull())
    if again.fallen_copies is not None:
        refused = refused.unionByName(again.fallen_copies)
    told = ("line_key", "position", "reason", "episode_id", "received_ms")
    refused = refused.select(*told).dropDuplicates(["line_key", "position"]).persist()
    by_reason = {row["reason"]: row["count"] for row in refused.groupBy("reason").count().collect()}
    lines = landed.of(work, SYNC_LINES)
    if again.records is not None or again.fallen_copies is not None:
        earlier = F.col("reason").isNull() & (F.col("landed_in") < landed.first)
        lines = lines.unionByName(work.read(SYNC_LINES).where(earlier))
    new = refusals(lines, refused, sum(by_reason.values()))
    if work.store.count(REJECTED):
        new = new.join(work.store.read(REJECTED).select("key"), "key", "left_anti")
    work.store.append(REJECTED, new)
    refused.unpersist()
    report.figures |= {"refused": sum(by_reason.values()), **by_reason}


def _write_logs(work: Work, again: Reopened) -> None:
    """Brings the logs of every device with new events up to date; those that lost events are built anew."""
    since = work.state.tables.get(EVENTS.name, -1)
    came, went = work.store.differences(EVENTS, since)
    if again.fallen is None:
        numbered = came.where("seq IS NOT NULL").select("device_id", "log_epoch", "seq", "id")
        added = numbered.join(F.broadcast(went.select("id")), "id", "left_anti")  # a move adds no event
        if work.store.count(DEVICE_LOGS):
            work.store.put(DEVICE_LOGS, device_logs.extended(work.read(DEVICE_LOGS), added))
        else:
            work.store.append(DEVICE_LOGS, device_logs.rebuilt(added))
        return
    touched = came.unionByName(went).where("seq IS NOT NULL").select("device_id", "log_epoch").distinct().persist()
    events = work.store.read(EVENTS).join(touched, ["device_id", "log_epoch"], "left_semi")
    rebuilt = device_logs.rebuilt(events)
    gone = touched.join(rebuilt, ["device_id", "log_epoch"], "left_anti")
    work.store.put(DEVICE_LOGS, rebuilt, gone=gone)


COUNT = Step(
    "count",
    reads=(SYNC_LINES, SYNC_RECORDS, SYNC_BATCHES, EPISODES),
    writes=(EVENTS, REJECTED, DEVICE_LOGS),
    run=_count,
)
