"""The ad plays of a close: as they were known before its cut-off, in a file of the archive."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from jobs.errors import Stop
from jobs.finance.files import FinanceSet
from jobs.lake.engine import Engine
from jobs.published.reading import rows
from jobs.steps.money.archive import PLAYS
from jobs.steps.money.close import ToSettle
from jobs.steps.money.draft import NO_TABLE, Close
from jobs.steps.money.freezing import Span
from jobs.steps.money.shares_of_run import NO_PLAYS
from jobs.steps.work import Work
from jobs.tables import AD_PLAYS
from jobs.transforms.settlement.plays import known_plays, out_of_flight, plays_digest

RUNBOOK = "docs/runbooks/close.md"
NO_PLAY = hashlib.sha256(b"").hexdigest()
FLIGHTS = pa.schema([("campaign_id", pa.string()), ("starts", pa.date32()), ("ends", pa.date32())])


def check_plays_are_there(work: Work, runs: Sequence[ToSettle]) -> None:
    """Checks that ad plays reach the end of each month that counts them, or of the last flight in it.

    Months whose plays conf takes as they are, and those without a campaign, are left alone.

    Raises:
        Stop: they do not, so that nobody can tell whether nothing was played or nothing is known of it.
    """
    asked = [one for one in runs if one.campaigns and not one.takes_plays_as_they_are]
    last = _last_day(work) if asked else None
    for one in asked:
        wanted = min(one.period.last_day, max(row["ends"] for row in one.campaigns))
        if last is None or last < wanted:
            there = f"ends on {last}" if last else "has none"
            raise Stop(
                f"{one.program.name} {one.period} divides by ad plays until {wanted}, and {AD_PLAYS.name} {there}: "
                "bring it up to date, and settle again. If nothing more was played, or other programs cannot wait, put "
                f'"{one.period}" into plays_as_they_are of program {one.program.name} in conf/payouts.toml; what '
                f"comes later is an adjustment then. See {RUNBOOK}"
            )


def _last_day(work: Work) -> dt.date | None:
    """The last day with a play in their table, billable or not."""
    version = work.state.tables.get(AD_PLAYS.name, -1)
    if version < 0:
        return None
    found = rows(work.settings.lake, AD_PLAYS.name, version, columns="max(listen_day) as last_day").to_pylist()
    last: dt.date | None = found[0]["last_day"]
    return last


def freeze_plays(work: Work, folder: Path, close: Close, finance: FinanceSet) -> str:
    """Writes the billable plays of the close's months into the folder; their checksum, or ``NO_TABLE``.

    Raises:
        Stop: a campaign is billed for plays and does not fly then, so that nobody could be paid for them.
    """
    of_plays = [one.period for one in close.runs if one.counts_plays]
    if not of_plays or AD_PLAYS.name not in work.state.tables:
        return NO_TABLE
    span = Span(min(of_plays).first_day, close.month.last_day, close.cut_off)
    files = work.files(AD_PLAYS, {"listen_day": (span.first, span.last)})
    with work.store.engine() as sql:
        sql.files("all_plays", AD_PLAYS, files)
        sql.keep("plays", known_plays("all_plays", span.days, span.instant))
        _check_flights(sql, finance)
        sql.save(folder, "FROM plays ORDER BY listen_id, arrangement_id, slot").rename(folder / PLAYS)
        return _digest(sql)


def checksum_of_plays(work: Work, paths: Sequence[Path]) -> str:
    """The checksum of what is archived."""
    if not paths:
        return NO_TABLE
    with work.store.engine() as sql:
        sql.saved("plays", paths, NO_PLAYS)
        return _digest(sql)


def _digest(sql: Engine) -> str:
    (row,) = sql.query(plays_digest("plays")).to_pylist()
    return NO_PLAY if row["digest"] is None else str(row["digest"])


def _check_flights(sql: Engine, finance: FinanceSet) -> None:
    flights = [{name: row[name] for name in FLIGHTS.names} for row in finance["campaigns"]]
    sql.rows("campaigns", pa.Table.from_pylist(flights, FLIGHTS))
    found = sql.query(f"FROM ({out_of_flight('plays', 'campaigns')}) LIMIT 1").to_pylist()
    if found:
        one = found[0]
        raise Stop(
            f"{AD_PLAYS.name} bills campaign {one['campaign_id']} for {one['plays']:,} plays on {one['listen_day']}, "
            "a day not of its flight in campaigns.csv: mend that, read it with `podledger finance`, and settle again"
        )
