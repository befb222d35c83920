"""Allocating: the money of runs over the items that were heard, and over their payees, spread by Spark."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import Stop
from jobs.finance.amounts import MOST_MINOR, in_words
from jobs.finance.campaigns import money_of_plays
from jobs.finance.programs import Rule
from jobs.lake.engine import engine
from jobs.lake.parts import Part
from jobs.lake.store import Store
from jobs.steps.money.shares_of_run import (
    CAMPAIGNS,
    NO_SPLITS,
    POOLS,
    SCALES,
    Frozen,
    ShareOfRuns,
    Weighed,
    hear_runs,
    weigh_runs,
)
from jobs.steps.shares import Share, shares
from jobs.tables import ALLOCATIONS
from jobs.transforms.settlement.allocation import not_added_up, of_items, of_payees, pools_to_divide
from jobs.transforms.settlement.weights import added_up, scales

ITEMS_OF_TASK = 500_000
NO_ITEMS = """SELECT 0 AS run_no, NULL::VARCHAR AS campaign_id, NULL::VARCHAR AS show_id, NULL::DATE AS valid_from,
    0::DECIMAL(38, 0) AS weight, 0::DECIMAL(38, 0) AS held_weight"""
FIGURES = """pool_no, run_no, currency, campaign_id, cpm_minor, gross_minor, fee_minor, net_minor, divisible_minor,
    held_back_minor, pool_minor, coalesce(weight, 0)::DECIMAL(38, 0) AS weight"""


@dataclass(frozen=True, slots=True)
class PoolsToDivide:
    """Some pools with their runs, the weights of items by share of the listeners, and the splits."""

    lake: Path
    scratch: Path
    pools: pa.Table
    runs: pa.Table
    scales: pa.Table
    items: list[Path]
    splits: list[Path]


@dataclass(frozen=True, slots=True)
class Divided:
    """New files of ``gold/allocations``, and a row a pool: what it brings in, holds back, and divided."""

    parts: list[Part]
    pools: pa.Table


@dataclass(frozen=True, slots=True)
class Allocated:
    """What runs came to: files that no commit names yet, and the figures of each pool."""

    allocations: list[Part]
    listens: list[Part]
    pools: pa.Table


def allocate(
    store: Store,
    frozen: Frozen,
    runs: pa.Table,
    members: pa.Table,
    pools: pa.Table,
    cut: Sequence[Share] | None = None,
) -> Allocated:
    """Works out these runs (``RUNS``, ``MEMBERS``, ``POOLS`` of ``shares_of_run``), many to a few Spark jobs.

    ``cut`` are the shares of the listeners; results do not depend on it. Every stage of every pool adds up, or the task
    that finds otherwise fails.
    """
    listens = _rows(store, frozen.listens)
    campaigns = campaigns_in(pools)
    asked = [
        ShareOfRuns(store.lake, store.scratch, share, frozen, runs, members, campaigns)
        for share in cut or shares(listens)
    ]
    found = SCALES.empty_table()
    if Rule.SCALED_USER in runs.column("rule").to_pylist():
        heard = store.spread(hear_runs, asked)
        found = _scales(store, pa.concat_tables(one.levels for one in heard), runs)
        asked = [replace(one, scales=found, heard=what.heard) for one, what in zip(asked, heard, strict=True)]
    weighed = store.spread(weigh_runs, asked)
    divided = store.spread(divide_pools, _to_divide(store, frozen, runs, pools, found, weighed))
    return Allocated(
        [part for one in divided for part in one.parts],
        [part for one in weighed for part in one.listens],
        pa.concat_tables(one.pools for one in divided) if divided else pa.table({}),
    )


def campaigns_in(pools: pa.Table) -> pa.Table:
    """The campaigns among these pools, by run."""
    return pools.filter(pc.is_valid(pools.column("cpm_minor"))).select(CAMPAIGNS.names)


def _rows(store: Store, paths: Sequence[Path]) -> int:
    with store.engine() as sql:
        sql.saved("counted", paths, "SELECT 1 AS one")
        return sql.value("SELECT count(*) FROM counted")


def _scales(store: Store, levels: pa.Table, runs: pa.Table) -> pa.Table:
    with store.engine() as sql:
        sql.rows("levels", levels)
        sql.rows("runs", runs)
        return sql.query(scales("levels", "runs")).cast(SCALES)


def _to_divide(
    store: Store, frozen: Frozen, runs: pa.Table, pools: pa.Table, found: pa.Table, weighed: Sequence[Weighed]
) -> list[PoolsToDivide]:
    """The pools in groups of about so many items, each with what it brings in."""
    items = [one.items for one in weighed]
    with store.engine() as sql:
        sql.saved("items", items, NO_ITEMS)
        counted = sql.query(
            "SELECT run_no, campaign_id, count(*) AS items, sum(weight) AS weight FROM items GROUP BY ALL"
        )
    by_pool = {(row["run_no"], row["campaign_id"]): row for row in counted.to_pylist()}
    groups: list[list[dict[str, Any]]] = []
    held = 0
    for pool in pools.to_pylist():
        there = by_pool.get((pool["run_no"], pool["campaign_id"]), {"items": 0, "weight": 0})
        if not groups or held + there["items"] > ITEMS_OF_TASK:
            groups.append([])
            held = 0
        groups[-1].append(_with_money(pool, int(there["weight"])))
        held += there["items"]
    return [
        PoolsToDivide(store.lake, store.scratch, pa.Table.from_pylist(some, POOLS), runs, found, items, frozen.splits)
        for some in groups
    ]


def _with_money(pool: dict[str, Any], plays: int) -> dict[str, Any]:
    """The pool with what its campaign's plays bring in, if it is a campaign's."""
    if pool["cpm_minor"] is None:
        return pool
    money = money_of_plays(plays, pool["cpm_minor"], pool["fee_bps"], pool["holdback_bps"])
    if money.gross > MOST_MINOR:
        most = in_words(MOST_MINOR, pool["currency"])
        raise Stop(f"campaign {pool['campaign_id']} comes to more than {most} in a month: mend its cpm_minor")
    brought = {"gross_minor": money.gross, "fee_minor": money.fee}
    return pool | brought | {"net_minor": money.net, "holdback_minor": money.holdback}


def divide_pools(given: PoolsToDivide) -> Divided:
    """Divides these pools over items and payees; asserts that each stage of each adds up."""
    with engine(given.scratch) as sql:
        sql.rows("runs", given.runs)
        sql.rows("scales", given.scales)
        sql.rows("given_pools", given.pools)
        sql.saved("share_items", given.items, NO_ITEMS)
        sql.saved("splits", given.splits, NO_SPLITS)
        sql.view("runs_here", "FROM share_items SEMI JOIN given_pools USING (run_no, campaign_id)")
        sql.keep("item_weights", added_up("runs_here"))
        sql.keep("pools", pools_to_divide("given_pools", "runs", "item_weights", "scales"))
        sql.keep("items", of_items("pools", "item_weights"))
        sql.keep("payees", of_payees("items", "splits"))
        wrong = sql.query(f"FROM ({not_added_up('pools', 'items', 'payees')}) LIMIT 1").to_pylist()
        if wrong:
            raise Stop(
                f"money does not add up, nothing was written: {wrong[0]}; this is a fault of the code, report it"
            )
        named = "SELECT r.run_id, p.* FROM payees AS p JOIN runs AS r USING (run_no)"
        parts = sql.write(given.lake / ALLOCATIONS.name, ALLOCATIONS, named)
        return Divided(parts, sql.query(f"SELECT {FIGURES} FROM pools ORDER BY pool_no"))
