"""A share of the listeners: what they heard of each item of each run, and what that weighs by the run's rule."""

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from jobs.lake.engine import Engine, engine
from jobs.lake.parts import Part
from jobs.steps.shares import Share
from jobs.tables import LISTEN_SETTLEMENTS
from jobs.transforms.settlement.classes import settled_listens
from jobs.transforms.settlement.weights import by_listening, heard, item_weights, levels, of_runs, played, weighed

RUNS = pa.schema(
    [
        ("run_no", pa.int32()),
        ("run_id", pa.string()),
        ("program", pa.string()),
        ("period", pa.string()),
        ("rule", pa.string()),
        ("cap_ms", pa.int64()),
        ("fee_bps", pa.int64()),
        ("net_minor", pa.int64()),
        ("is_final", pa.bool_()),
        ("release_until", pa.timestamp("us", "UTC")),
    ]
)
"""The runs that are worked out together, one a program and period; ``fee_bps`` and ``net_minor`` for user programs.

A final run releases what has been held since ``release_until`` or before.
"""
MEMBERS = pa.schema([("run_no", pa.int32()), ("show_id", pa.string()), ("since", pa.date32()), ("until", pa.date32())])
"""Shows of a run by days, ``until`` exclusive or null; show ``*`` for all."""
POOLS = pa.schema(
    [
        ("pool_no", pa.int32()),
        ("run_no", pa.int32()),
        ("currency", pa.string()),
        ("campaign_id", pa.string()),
        ("gross_minor", pa.int64()),
        ("fee_minor", pa.int64()),
        ("net_minor", pa.int64()),
        ("holdback_minor", pa.int64()),
        ("cpm_minor", pa.int64()),
        ("fee_bps", pa.int64()),
        ("holdback_bps", pa.int64()),
    ]
)
"""What the runs have to divide: a pool a currency of documents, whose ``campaign_id`` is empty, or a pool a campaign.

What a campaign brings in is known once its plays are counted: until then it has ``cpm_minor`` and what goes off, in
basis points, which others have not.
"""
CAMPAIGNS = pa.schema([("run_no", pa.int32()), ("campaign_id", pa.string())])
"""The campaigns of each run."""
SCALES = pa.schema(
    [("run_no", pa.int32()), ("fees", pa.int64()), ("scale_over", pa.int64()), ("scale_under", pa.decimal128(38, 0))]
)
NO_LISTENS = """SELECT NULL::VARCHAR AS listen_id, NULL::VARCHAR AS listener_id, NULL::VARCHAR AS show_id,
    NULL::DATE AS listen_day, 0::BIGINT AS heard_ms, NULL::VARCHAR AS standing,
    NULL::TIMESTAMPTZ AS held_since, 0 AS bucket"""
NO_FEES = """SELECT NULL::VARCHAR AS program, NULL::VARCHAR AS period, NULL::VARCHAR AS listener_id,
    0::BIGINT AS fee_minor, 0 AS bucket"""
NO_PLAYS = """SELECT NULL::VARCHAR AS listen_id, NULL::VARCHAR AS arrangement_id, NULL::VARCHAR AS slot,
    NULL::VARCHAR AS campaign_id, NULL::VARCHAR AS show_id, NULL::DATE AS listen_day"""
NO_SPLITS = """SELECT NULL::VARCHAR AS show_id, NULL::DATE AS valid_from, NULL::DATE AS valid_to,
    NULL::VARCHAR AS payee_id, 0::BIGINT AS share"""


@dataclass(frozen=True, slots=True)
class Frozen:
    """What runs are worked out from: files that nobody changes any more, with the columns of ``NO_…``.

    ``plays`` are the billable ones. ``bucket`` (0..255) cuts the listeners into shares; results do not depend on how.
    """

    listens: list[Path]
    splits: list[Path]
    fees: list[Path] = field(default_factory=list)
    plays: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShareOfRuns:
    """The share, what it is worked out from, and the runs with their shows and campaigns."""

    lake: Path
    scratch: Path
    share: Share
    frozen: Frozen
    runs: pa.Table
    members: pa.Table
    campaigns: pa.Table = field(default_factory=CAMPAIGNS.empty_table)
    scales: pa.Table = field(default_factory=SCALES.empty_table)
    heard: Path | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A file of what was heard (``weights.heard``), and the levels of runs by scaled fees."""

    heard: Path
    levels: pa.Table


@dataclass(frozen=True, slots=True)
class Weighed:
    """A file of what items weigh over the share, and new files of ``gold/listen_settlements``."""

    items: Path
    listens: list[Part]


def hear_runs(given: ShareOfRuns) -> Heard:
    """Adds up what the listeners of the share heard."""
    with engine(given.scratch) as sql:
        name_share(sql, given)
        sql.keep("heard", heard("listens_heard"))
        found = sql.query(levels("heard", "runs", "fees"))
        return Heard(sql.save(given.scratch, "FROM heard"), found)


def weigh_runs(given: ShareOfRuns) -> Weighed:
    """Weighs what they heard, by the rule of each run; writes files that no commit names yet."""
    with engine(given.scratch) as sql:
        name_share(sql, given)
        sql.rows("scales", given.scales)
        if given.heard is None:
            sql.keep("heard", heard("listens_heard"))
        else:
            sql.saved("heard", [given.heard], "")
        sql.keep("weighed", weighed("heard", "runs", "fees", "scales"))
        listens = sql.write(
            given.lake / LISTEN_SETTLEMENTS.name,
            LISTEN_SETTLEMENTS,
            settled_listens("listens_heard", "weighed", "runs"),
        )
        return Weighed(sql.save(given.scratch, item_weights("weighed", "played")), listens)


def name_share(sql: Engine, given: ShareOfRuns) -> None:
    """Gives the share's relations their names; ``listens_heard`` and ``played`` are what rules look at."""
    frozen, condition = given.frozen, given.share.condition
    sql.rows("runs", given.runs)
    sql.rows("members", given.members)
    sql.rows("campaigns", given.campaigns)
    sql.saved("all_listens", frozen.listens, NO_LISTENS)
    sql.saved("all_fees", frozen.fees, NO_FEES)
    sql.saved("plays", frozen.plays, NO_PLAYS)
    sql.saved("splits", frozen.splits, NO_SPLITS)
    sql.view("listens", f"FROM all_listens WHERE {condition}")
    sql.view(
        "fees",
        f"SELECT run_no, listener_id, fee_minor FROM all_fees JOIN runs USING (program, period) WHERE {condition}",
    )
    sql.view("versions", "SELECT DISTINCT show_id, valid_from, valid_to FROM splits")
    sql.keep("listens_of_runs", of_runs("listens", "runs", "members", "versions"))
    sql.view("listens_heard", by_listening("listens_of_runs", "runs"))
    sql.view("played", played("plays", "listens_of_runs", "campaigns"))
