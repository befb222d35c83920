"""One share of the devices counted: records judged, each accepted one an event once, logs brought up to date."""

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from jobs.lake.engine import Engine, engine
from jobs.lake.lookup import rows_with
from jobs.lake.parts import Part
from jobs.lake.texts import refusals
from jobs.records.shape import Dialect
from jobs.steps.claiming import ClaimsToCount, count_claims
from jobs.steps.landings import Landings
from jobs.steps.shares import Share
from jobs.tables import DEVICE_LOGS, EPISODES, EVENTS, REJECTED, SYNC_LINES, SYNC_RECORDS
from jobs.transforms import device_logs
from jobs.transforms.clock import placed
from jobs.transforms.events import as_events, counting_copies, moves
from jobs.transforms.records import IS_BAD_INTERVAL, judged

PROTOCOL = Dialect.PODLEDGER.value
KNOWN = ("id", "received_at", "receipt", "line_key", "position")
NEAR = ("bucket", "device_id", "log_epoch", "seq")
Files = dict[str, list[Path]]


@dataclass(frozen=True, slots=True)
class ShareToCount:
    """What is to be counted: the share, the landings, and the files that may hold rows of both, by table.

    Those of the events come newest first.

    ``known_episodes`` are the files of the catalogue by which records were judged last; None if nothing about lengths
    has changed since, so that no record need be judged again.
    """

    lake: Path
    scratch: Path
    share: Share
    landings: Landings
    files: Files
    known_episodes: list[Path] | None = None
    claims: ClaimsToCount | None = None


@dataclass(slots=True)
class Counted:
    """What a share came to: files written by table, keys of rows that are to go by table, figures.

    ``held_in`` are the files that hold the events that move.
    """

    parts: dict[str, list[Part]] = field(default_factory=dict)
    gone: dict[str, pa.Table] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    held_in: list[str] = field(default_factory=list)


def count_share(given: ShareToCount) -> Counted:
    """Counts one share, and writes files that no commit names yet."""
    counted = Counted()
    with engine(given.scratch) as sql:
        for table in (DEVICE_LOGS, REJECTED, SYNC_RECORDS, SYNC_LINES):
            sql.files(table.noun, table, given.files[table.name], given.share.condition)
        history = [] if given.known_episodes is None else given.files[EVENTS.name]  # to name files is to open them
        sql.files("events", EVENTS, history, given.share.condition)
        sql.files("episodes", EPISODES, given.files[EPISODES.name])
        sql.view("new_records", f"SELECT * FROM sync_records WHERE {given.landings.condition}")
        sql.view("new_lines", f"SELECT * FROM sync_lines WHERE {given.landings.condition}")
        _reopen(sql, given)
        records = "SELECT * FROM new_records UNION ALL SELECT * FROM reopened"
        sql.keep("judged", judged(f"({records})", "episodes"))
        _write_refusals(sql, given, counted)
        _write_events(sql, given, counted)
        _write_logs(sql, given, counted)
        if given.claims is not None:
            _write_claims(sql, given, given.claims, counted)
    return counted


def _reopen(sql: Engine, given: ShareToCount) -> None:
    """Makes known which records a new catalogue has judged again, and what of the events and refusals falls by it.

    ``reopened`` are refused records, ``unrefused`` their keys; ``fallen`` are events that are none any more,
    ``fallen_copies`` all their copies, judged.
    """
    if given.known_episodes is None:
        sql.keep("reopened", "SELECT * FROM new_records LIMIT 0")
        sql.keep("unrefused", "SELECT key FROM rejected LIMIT 0")
        sql.keep("fallen", "SELECT id, device_id, log_epoch FROM events LIMIT 0")
        sql.keep("fallen_copies", judged("reopened", "episodes"))
        return
    sql.files("known_episodes", EPISODES, given.known_episodes)
    sql.keep(
        "changed",
        "SELECT e.episode_id, e.duration_ms FROM episodes AS e LEFT JOIN known_episodes AS k USING (episode_id) "
        "WHERE e.duration_ms IS DISTINCT FROM k.duration_ms",
    )
    sql.keep(
        "unrefused",
        "SELECT key, line_key, position FROM rejected SEMI JOIN changed USING (episode_id) "
        f"WHERE reason IN ('unknown_episode', 'bad_interval') AND position IS NOT NULL AND dialect = '{PROTOCOL}'",
    )
    before = f"SELECT * FROM sync_records WHERE landed_in < {given.landings.first}"
    sql.keep("reopened", f"SELECT * FROM ({before}) SEMI JOIN unrefused USING (line_key, position)")
    sql.keep(
        "fallen",
        "SELECT id, device_id, log_epoch FROM events JOIN changed USING (episode_id) "
        f"WHERE {IS_BAD_INTERVAL} AND dialect = '{PROTOCOL}'",
    )
    sql.keep("copies_of_fallen", f"SELECT * FROM ({before}) SEMI JOIN fallen USING (id)")
    sql.keep("fallen_copies", f"FROM ({judged('copies_of_fallen', 'episodes')}) WHERE reason = 'bad_interval'")


def _write_refusals(sql: Engine, given: ShareToCount, counted: Counted) -> None:
    told = "line_key, position, reason, episode_id, received_ms"
    every = f"SELECT {told} FROM judged UNION ALL SELECT {told} FROM fallen_copies"
    sql.keep("refused", f"SELECT DISTINCT ON (line_key, position) {told} FROM ({every}) WHERE reason IS NOT NULL")
    by_reason = sql.query("SELECT reason, count(*) AS rows FROM refused GROUP BY reason").to_pylist()
    counted.refused = {row["reason"]: row["rows"] for row in by_reason}
    entry = "{'position': position, 'why': reason, 'episode_id': episode_id, 'received_ms': received_ms}"
    sql.keep("wanted", f"SELECT line_key, list({entry}) AS refused FROM refused GROUP BY line_key")
    lines = "new_lines" if given.known_episodes is None else "sync_lines"
    is_new = f"reason IS NOT NULL AND {given.landings.condition}"
    holding = sql.query(f"""
        SELECT line_key, receipt, dialect, bucket, reason, raw, refused
        FROM {lines} LEFT JOIN wanted USING (line_key) WHERE refused IS NOT NULL OR ({is_new})""")
    counted.gone[REJECTED.name] = sql.query("SELECT key FROM unrefused")
    if not holding.num_rows:
        return
    sql.rows("told", refusals(holding))
    known = "SELECT key FROM rejected SEMI JOIN told USING (line_key) ANTI JOIN unrefused USING (key)"
    counted.parts[REJECTED.name] = sql.write(
        given.lake / REJECTED.name, REJECTED, f"SELECT * FROM told ANTI JOIN ({known}) USING (key)"
    )


def _write_events(sql: Engine, given: ShareToCount, counted: Counted) -> None:
    """Splits counting copies by what the events know of their ids, and writes what is new and what moves.

    Only a record at a seq that its log has seen can be a copy (or a fork), so history is asked for those alone.
    """
    sql.view("counting", counting_copies("judged"))
    sql.view("in_time", placed("counting"))
    sql.view("best", as_events("in_time"))
    if given.files[EVENTS.name]:
        counted.held_in = _compare_with_known(sql, given)
    else:
        sql.view("added", "FROM best")
        sql.view("moved", "FROM best LIMIT 0")
    written = sql.write(given.lake / EVENTS.name, EVENTS, "FROM added UNION ALL FROM moved")
    counted.parts[EVENTS.name] = written
    counted.gone[EVENTS.name] = sql.query("SELECT id FROM moved UNION ALL SELECT id FROM fallen")
    for name in ("moved", "fallen"):
        counted.figures[name] = sql.value(f"SELECT count(*) FROM {name}")
    counted.figures["added"] = sum(part.rows for part in written) - counted.figures["moved"]


def _compare_with_known(sql: Engine, given: ShareToCount) -> list[str]:
    """``added``: counting copies of ids that are new; ``moved``: those that come before the copy that counted.

    Returns the files that hold those.
    """
    sql.keep("marked", device_logs.is_seen("best", "device_logs"))
    sql.keep("candidates", "SELECT * EXCLUDE (is_seen) FROM marked WHERE is_seen")
    wanted = sql.query(f"SELECT id, {', '.join(NEAR)} FROM candidates")
    sql.rows("found", rows_with(EVENTS, given.files[EVENTS.name], wanted, "id", NEAR, KNOWN))
    sql.keep("known", "SELECT * FROM found ANTI JOIN fallen USING (id)")
    sql.keep("moved", moves("candidates", "known"))
    sql.view("added", "SELECT * EXCLUDE (is_seen) FROM marked ANTI JOIN known USING (id)")
    held_in = sql.query("SELECT DISTINCT found_in FROM known SEMI JOIN moved USING (id)")
    return list(held_in.column("found_in").to_pylist())


def _write_logs(sql: Engine, given: ShareToCount, counted: Counted) -> None:
    """Brings the logs of every device with new events up to date; those that lost events are built anew."""
    log = device_logs.LOG
    known = "device_logs"
    sql.keep("numbered", f"SELECT {log}, seq, bucket FROM added WHERE seq IS NOT NULL")
    sql.keep("lost", f"SELECT DISTINCT {log} FROM fallen")
    if counted.figures["fallen"]:
        kept = f"SELECT {log}, seq, bucket FROM events ANTI JOIN fallen USING (id)"
        kept = f"SELECT * FROM ({kept}) SEMI JOIN lost USING ({log}) WHERE seq IS NOT NULL"
        sql.keep("numbered", f"FROM numbered UNION ALL {kept}")
        known = f"(SELECT * FROM {known} ANTI JOIN lost USING ({log}))"
    written = sql.write(given.lake / DEVICE_LOGS.name, DEVICE_LOGS, device_logs.extended(known, "numbered"))
    counted.parts[DEVICE_LOGS.name] = written
    touched = f"SELECT DISTINCT {log} FROM numbered UNION SELECT {log} FROM lost"
    counted.gone[DEVICE_LOGS.name] = sql.query(f"SELECT {log} FROM device_logs SEMI JOIN ({touched}) USING ({log})")


def _write_claims(sql: Engine, given: ShareToCount, claims: ClaimsToCount, counted: Counted) -> None:
    """Adds what the claims of the share came to."""
    share, events = given.share.condition, given.files[EVENTS.name]
    found = count_claims(sql, given.lake, claims, given.landings, share, events)
    for table, parts, gone in (
        (EVENTS, found.events, found.events_gone),
        (REJECTED, found.refusals, found.refusals_gone),
    ):
        counted.parts[table.name] = [*counted.parts.get(table.name, []), *parts]
        counted.gone[table.name] = pa.concat_tables([counted.gone[table.name], gone])
    counted.held_in += found.held_in
    for figures, more in ((counted.figures, found.figures), (counted.refused, found.refused)):
        figures.update({name: figures.get(name, 0) + value for name, value in more.items()})
