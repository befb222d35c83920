"""Explaining: what a rule looks for, what it found so far, and what that cost in each month."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.finance.amounts import in_words
from jobs.finance.programs import Payouts
from jobs.steps.money.invalid import INVALIDATING, found_invalid
from jobs.steps.money.last_runs import last_runs, read
from jobs.tables import HOLDS, LISTEN_SETTLEMENTS, RULE_COSTS
from jobs.transforms.rules import CountingRules
from jobs.transforms.settlement.freezing import UNSURE_CLOCK
from jobs.transforms.settlement.suspicions import RULES

SHOWN = 10
"""So many listens are named, those that are furthest above what is allowed."""
HOLDS_IT, INVALIDATES_IT = "holds", "invalid"
ABOUT_UNSURE = "a listen with an event of which nobody knows for sure when it happened"


def explain(lake: Path, name: str, period: str | None, payouts: Payouts, counting: CountingRules) -> dict[str, Any]:
    """What the rule looks for (``about``, ``of``, ``does``, ``entries`` by date), what it found, and what that costs.

    ``found`` has an entry a close (of a rule that holds) or a month (of one that makes invalid) with ``listens``, least
    and greatest ``measured``, ``threshold`` and ``peers_median``; ``most`` the listens with most; ``costs`` an entry a
    program, month and currency by its last run, in minor units. ``period`` leaves out all other months.

    Raises:
        Stop: there is no such rule.
    """
    told = _rule(name, payouts, counting)
    if told["does"] == INVALIDATES_IT:
        return told | found_invalid(lake, name, period, counting)
    asked = [f"rule = '{name}'"] + ([] if period is None else [f"settlement_period = '{period}'"])
    holds = read(lake, HOLDS, " AND ".join(asked))
    return told | {
        "found": _by_close(holds),
        "most": [
            {column: row[column] for column in ("listen_id", "measured", "threshold", "peers_median", "until")}
            | {"classes": classes}
            for row, classes in _most(lake, holds)
        ],
        "costs": _costs(lake, name, period),
    }


def _rule(name: str, payouts: Payouts, counting: CountingRules) -> dict[str, Any]:
    if name in INVALIDATING:
        rule = INVALIDATING[name]
        entries, about, of, does = rule.entries(counting), rule.about, rule.of, INVALIDATES_IT
    elif name == UNSURE_CLOCK:
        entries = [{"from": "0001-01-01", "threshold": 0}] if payouts.hold_unsure_clocks else []
        about, of, does = ABOUT_UNSURE, "events of a listen on clamped or unknown clocks", HOLDS_IT
    elif name in RULES:
        entries = [{"from": str(one.since), **one.allowed} for one in payouts.holds if one.rule == name]
        about, of, does = RULES[name].about, RULES[name].of, HOLDS_IT
    else:
        known = ", ".join(sorted([*RULES, UNSURE_CLOCK, *INVALIDATING]))
        raise Stop(f"there is no rule {name!r}; there are {known}")
    return {"rule": name, "about": about, "of": of, "does": does, "entries": entries}


def _by_close(holds: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    closes = sorted({row["settlement_period"] for row in holds})
    found = []
    for close in closes:
        of_close = [row for row in holds if row["settlement_period"] == close]
        measured = [row["measured"] for row in of_close]
        medians = {row["peers_median"] for row in of_close} - {None}
        told = {"month": close, "listens": len(of_close), "least": min(measured), "greatest": max(measured)}
        thresholds = {row["threshold"] for row in of_close}
        found.append(told | {"threshold": min(thresholds), "peers_median": max(medians, default=None)})
    return found


def _most(lake: Path, holds: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], list[str]]]:
    """The holds with most, each with what became of the listen in runs so far."""
    most = sorted(holds, key=lambda row: (row["threshold"] - row["measured"], row["listen_id"]))[:SHOWN]
    if not most:
        return []
    listed = ", ".join(f"'{row['listen_id']}'" for row in most)
    settled = read(lake, LISTEN_SETTLEMENTS, f"listen_id IN ({listed})")
    classes: dict[str, set[str]] = {row["listen_id"]: set() for row in most}
    for row in settled:
        classes[row["listen_id"]].add(row["class"])
    return [(row, sorted(classes[row["listen_id"]])) for row in most]


def _costs(lake: Path, name: str, period: str | None) -> list[dict[str, Any]]:
    """By the last run of each program and month that was posted, or else settled."""
    last = {run.run_id: run.settlement_period for run in last_runs(lake, period)}
    costs = [row for row in read(lake, RULE_COSTS, f"rule = '{name}'") if row["run_id"] in last]
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in costs:
        key = (row["program"], row["period"], row["currency"])
        of = found.setdefault(
            key,
            dict(zip(("program", "period", "currency"), key, strict=True))
            | {"settlement_period": last[row["run_id"]], "listens": 0, "shows": 0, "cost_minor": 0},
        )
        of["listens"] += row["listens"]
        of["shows"] += 1
        of["cost_minor"] += row["cost_minor"]
    return [found[key] for key in sorted(found)]


def in_text(told: dict[str, Any]) -> list[str]:
    """The same in words."""
    does = "makes invalid" if told["does"] == INVALIDATES_IT else "holds"
    said = [f"{told['rule']} {does}: {told['about']}", f"  measured: {told['of']}"]
    for entry in told["entries"]:
        more = "".join(
            f", {name} {_listed(value)}" for name, value in entry.items() if name not in ("from", "threshold")
        )
        said.append(f"  from {entry['from']}: more than {entry['threshold']:,}{more}")
    if not told["entries"]:
        said.append("  not in force: no entry of conf names it")
    for one in told["found"]:
        said.append(
            f"  {one['month']}: {one['listens']:,} listens, measured {one['least']:,} to {one['greatest']:,}, allowed "
            f"{one['threshold']:,}, {_peers(one)}"
        )
    if not told["found"]:
        said.append("  nothing found so far")
    for one in told["costs"]:
        said.append(
            f"  cost: {one['program']} {one['period']}, close of {one['settlement_period']}: "
            f"{in_words(one['cost_minor'], one['currency'])} by {one['listens']:,} listens of {one['shows']:,} shows"
        )
    for one in told["most"]:
        said.append(
            f"  listen {one['listen_id']}: {one['measured']:,}, allowed {one['threshold']:,}, {_peers(one)}, "
            f"{' then '.join(one['classes']) or 'not settled yet'}"
        )
    return said


def _listed(value: int | list[str]) -> str:
    return " ".join(value) if isinstance(value, list) else f"{value:,}"


def _peers(one: dict[str, Any]) -> str:
    return "no peers" if one["peers_median"] is None else f"median of its peers {one['peers_median']:,}"
