"""A close in draft: what there is to work out as relations, and what came out as rows and in words."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from jobs.finance.amounts import in_words
from jobs.finance.periods import Period
from jobs.finance.programs import Payouts, Rule
from jobs.steps.money.allocating import Allocated
from jobs.steps.money.close import ToSettle, receivable
from jobs.steps.money.runs import Run
from jobs.steps.money.sets import SetRead
from jobs.steps.money.shares_of_run import MEMBERS, POOLS, RUNS
from jobs.tables import AD_PLAYS

AMOUNTS = ("net", "divided", "holdback", "waiting")
PRICE = ("currency", "campaign_id", "cpm_minor", "fee_bps", "holdback_bps")
NO_TABLE = "no table"
"""In the place of the checksum of plays, where there were none to freeze."""


@dataclass(frozen=True, slots=True)
class Close:
    """A month being closed: what there is to settle, the finance set, and the cut-off."""

    month: Period
    payouts: Payouts
    finance_set: SetRead
    runs: list[ToSettle]
    cut_off: dt.datetime


def tables_of(close: Close, ids: list[str]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """The close as relations: ``RUNS``, ``MEMBERS`` and ``POOLS``."""
    release_until = close.cut_off - dt.timedelta(days=close.payouts.hold_days)
    runs: list[dict[str, Any]] = []
    members: list[dict[str, Any]] = []
    pools: list[dict[str, Any]] = []
    for run_no, (one, run_id) in enumerate(zip(close.runs, ids, strict=True)):
        net = next(iter(one.money.values())).net if one.is_of_users and one.money else 0
        runs.append(
            {
                "run_no": run_no,
                "run_id": run_id,
                "program": one.program.name,
                "period": str(one.period),
                "rule": str(one.rule.rule),
                "cap_ms": one.rule.cap_ms,
                "fee_bps": one.fee_bps,
                "net_minor": net,
                "is_final": one.kind == "final",
                "release_until": release_until,
            }
        )
        members += (
            {"run_no": run_no, "show_id": show.show_id, "since": show.since, "until": show.to}
            for show in one.program.shows
        )
        for currency, money in sorted(one.money.items()):
            pool = {"pool_no": len(pools), "run_no": run_no, "currency": currency, "campaign_id": ""}
            brought = {"gross_minor": money.gross, "fee_minor": money.fee}
            pools.append(pool | brought | {"net_minor": money.net, "holdback_minor": money.holdback})
        for row in one.campaigns:
            pool = {"pool_no": len(pools), "run_no": run_no}
            pools.append(pool | {name: row[name] for name in PRICE})
    return (
        pa.Table.from_pylist(runs, RUNS),
        pa.Table.from_pylist(members, MEMBERS),
        pa.Table.from_pylist(pools, POOLS),
    )


def figures_of(one: ToSettle, found: Allocated, run_no: int) -> list[dict[str, Any]]:
    """What the run's pools came to, by currency and campaign: what stands in ``gold/settlement_runs`` as ``pools``."""
    figures: list[dict[str, Any]] = []
    for row in found.pools.to_pylist():
        if row["run_no"] != run_no:
            continue
        told = {name: row[name] for name in ("currency", "campaign_id", "gross_minor", "fee_minor", "net_minor")}
        if row["campaign_id"]:
            sources = {receivable(one.program.name): row["gross_minor"]}
            told |= {"cpm_minor": row["cpm_minor"], "plays": int(row["weight"])}
        else:
            sources = one.sources[row["currency"]]
        figures.append(
            told
            | {
                "sources": sources,
                "divisible_minor": row["divisible_minor"],
                "holdback_minor": row["held_back_minor"],
                "divided_minor": row["pool_minor"],
                "waiting_minor": row["net_minor"] - row["held_back_minor"] - row["pool_minor"],
            }
        )
    return figures


def row_of(
    close: Close,
    one: ToSettle,
    run_id: str,
    name: str,
    checksums: dict[str, str],
    code: str,
    figures: list[dict[str, Any]],
) -> dict[str, Any]:
    """The run's row in ``gold/settlement_runs``, but for its checksum and who settled it; ``name`` is the archive."""
    inputs = {"archive": name, "checksums": checksums, "documents": one.documents, "set_no": close.finance_set.set_no}
    return {
        "run_id": run_id,
        "program": one.program.name,
        "period": str(one.period),
        "settlement_period": str(close.month),
        "kind": one.kind,
        "state": "settled",
        "inputs": json.dumps(inputs, sort_keys=True),
        "pools": json.dumps(figures, sort_keys=True),
        "code": code,
        "config": one.config,
    }


def draft_notes(month: str, draft: Sequence[Run]) -> list[str]:
    """What people look at before they approve."""
    said = [f"draft {draft[0].draft_no} of {month}; approve it with `podledger approve --period {month}`"]
    for run in draft:
        name = f"{run.program} {run.period}"
        said += (f"{name} ({run.kind}, {run.rule}): {line}" for line in _money_in_words(run.money))
        if not run.money:
            what = "no campaign runs then" if run.rule == Rule.CPM else "no document brings money in"
            said.append(f"{name}: {what}")
        elif run.takes_plays_as_they_are:
            has_table = run.frozen["checksums"].get("plays", NO_TABLE) != NO_TABLE
            there = "those there are" if has_table else f"none, as there is no {AD_PLAYS.name}"
            said.append(f"{name}: conf/payouts.toml takes its ad plays as they are: {there}")
    return said


def _money_in_words(pools: Sequence[dict[str, Any]]) -> list[str]:
    """What these pools come to together, a line a currency."""
    said = []
    for currency in sorted({pool["currency"] for pool in pools}):
        here = [pool for pool in pools if pool["currency"] == currency]
        words = {name: in_words(sum(pool[f"{name}_minor"] for pool in here), currency) for name in AMOUNTS}
        campaigns = [pool for pool in here if pool["campaign_id"]]
        plays = sum(pool["plays"] for pool in campaigns)
        of = f"{len(campaigns):,} campaigns, {plays:,} billable plays, " if campaigns else ""
        said.append(
            f"{of}net {words['net']}, divided {words['divided']}, held back {words['holdback']}, "
            f"waiting {words['waiting']}"
        )
    return said
