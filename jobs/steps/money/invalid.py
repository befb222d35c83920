"""What the rules that make listens invalid found, and what these listens would have brought."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import Any

from jobs.finance.programs import OF_A_POOL
from jobs.steps.money.last_runs import last_runs, read
from jobs.tables import ALLOCATIONS, DEVICE_DAYS, IMPOSSIBLE_DAYS, LISTEN_SETTLEMENTS, LISTENS
from jobs.transforms.listens import BOT_AGENT, IMPOSSIBLE_DAY
from jobs.transforms.rules import CountingRules


@dataclass(frozen=True, slots=True)
class Asked:
    """The lake, the month that is asked about (None: all), the rules, and the ids of the listens found, by month."""

    lake: Path
    period: str | None
    counting: CountingRules
    listens: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured by month of what a rule found, what is allowed, and the median over everybody."""

    by_month: Mapping[str, list[int]]
    threshold: int
    peers_median: int | None


@dataclass(frozen=True, slots=True)
class Invalidating:
    """A rule that makes listens invalid: what it looks for, what it measures, its entries of conf, what it found."""

    about: str
    of: str
    entries: Callable[[CountingRules], list[dict[str, Any]]]
    measured: Callable[[Asked], Measured]


def found_invalid(lake: Path, reason: str, period: str | None, counting: CountingRules) -> dict[str, Any]:
    """``found``, ``most`` and ``costs`` of that rule, by month.

    What invalid listens cost is about what they would have brought by heard time out of shared pools, had they counted:
    the pool times their time, over theirs and all that was weighed. What listeners paid is divided over what else they
    heard, or waits; so programs of users are left out.
    """
    listens: defaultdict[str, list[str]] = defaultdict(list)
    for row in read(lake, LISTENS, "status = 'invalid'", "listen_id, listen_day, reasons"):
        month = f"{row['listen_day']:%Y-%m}"
        if reason in row["reasons"] and period in (None, month):
            listens[month].append(row["listen_id"])
    measured = INVALIDATING[reason].measured(Asked(lake, period, counting, listens))
    found = [
        {"month": month, "listens": len(listens[month]), "least": min(values), "greatest": max(values),
         "threshold": measured.threshold, "peers_median": measured.peers_median}
        for month, values in sorted(measured.by_month.items())
    ]  # fmt: skip
    return {"found": found, "most": [], "costs": _costs(lake, period, {one for of in listens.values() for one in of})}


def _device_days(asked: Asked) -> Measured:
    """By the UTC dates on which devices played, which need not be those of the listens."""
    of_month = "true" if asked.period is None else f"date_format(day, '%Y-%m') = '{asked.period}'"
    by_month: defaultdict[str, list[int]] = defaultdict(list)
    for row in read(asked.lake, IMPOSSIBLE_DAYS, of_month):
        by_month[f"{row['day']:%Y-%m}"].append(row["played_ms"])
    peers = read(asked.lake, DEVICE_DAYS, f"{of_month} GROUP BY device_id, day", "sum(played_ms) AS played_ms")
    middle = median_low([row["played_ms"] for row in peers]) if peers else None
    return Measured(by_month, asked.counting.impossible_day_ms[-1].value, middle)


def _named(asked: Asked) -> Measured:
    """A listen is named or not; of others nothing is."""
    return Measured({month: [1] * len(of_month) for month, of_month in asked.listens.items()}, 0, 0)


INVALIDATING: Mapping[str, Invalidating] = {
    BOT_AGENT: Invalidating(
        "a sender that calls itself a machine to which nobody listens",
        "whether what sent an event of it names a product of the list, 1 or 0",
        lambda counting: [
            {"from": str(one.since), "threshold": 0, "products": list(one.names)} for one in counting.bot_agents
        ],
        _named,
    ),
    IMPOSSIBLE_DAY: Invalidating(
        "a device that plays for longer in a UTC day than a day has",
        "played ms of a device on a UTC day",
        lambda counting: [{"from": str(one.since), "threshold": one.value} for one in counting.impossible_day_ms],
        _device_days,
    ),
}
"""By the reason that stands in ``silver/listens``."""


def _costs(lake: Path, period: str | None, invalid: set[str]) -> list[dict[str, Any]]:
    found = []
    for run in last_runs(lake, period) if invalid else []:
        if run.rule not in OF_A_POOL:
            continue
        of_run = f"run_id = '{run.run_id}'"
        settled = read(lake, LISTEN_SETTLEMENTS, f"{of_run} AND \"class\" = 'invalid'", "listen_id, show_id, heard_ms")
        of_rule = [row for row in settled if row["listen_id"] in invalid]
        if not of_rule:
            continue
        weight = sum(row["heard_ms"] for row in of_rule)
        pools = "currency, max(pool_minor) AS pool_minor, max(total_weight) AS total_weight"
        for pool in read(lake, ALLOCATIONS, f"{of_run} GROUP BY currency ORDER BY currency", pools):
            cost = int(pool["pool_minor"]) * weight // (int(pool["total_weight"]) + weight)
            found.append(
                {"program": run.program, "period": run.period, "currency": pool["currency"],
                 "settlement_period": run.settlement_period, "listens": len(of_rule),
                 "shows": len({row["show_id"] for row in of_rule}), "cost_minor": cost}
            )  # fmt: skip
    return found
