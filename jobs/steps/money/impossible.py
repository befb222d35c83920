"""What the rule that makes listens invalid found, and what these listens would have brought."""

from collections import defaultdict
from pathlib import Path
from statistics import median_low
from typing import Any

from jobs.finance.programs import OF_A_POOL
from jobs.steps.money.last_runs import last_runs, read
from jobs.tables import ALLOCATIONS, DEVICE_DAYS, IMPOSSIBLE_DAYS, LISTEN_SETTLEMENTS, LISTENS
from jobs.transforms.listens import IMPOSSIBLE_DAY
from jobs.transforms.rules import CountingRules


def found_impossible(lake: Path, period: str | None, counting: CountingRules) -> dict[str, Any]:
    """``found``, ``most`` and ``costs`` of ``impossible_day``, by month.

    What invalid listens cost is about what they would have brought by heard time out of shared pools, had they counted:
    the pool times their time, over theirs and all that was weighed. What listeners paid is divided over what else they
    heard, or waits; so programs of users are left out.
    """
    of_month = "true" if period is None else f"date_format(day, '%Y-%m') = '{period}'"
    days = read(lake, IMPOSSIBLE_DAYS, of_month)
    peers = read(lake, DEVICE_DAYS, f"{of_month} GROUP BY device_id, day", "sum(played_ms) AS played_ms")
    middle = median_low([row["played_ms"] for row in peers]) if peers else None
    listens: defaultdict[str, int] = defaultdict(int)
    for row in read(lake, LISTENS, "status = 'invalid'", "listen_day, reasons"):
        if IMPOSSIBLE_DAY in row["reasons"]:
            listens[f"{row['listen_day']:%Y-%m}"] += 1
    by_month: defaultdict[str, list[int]] = defaultdict(list)
    for row in days:
        by_month[f"{row['day']:%Y-%m}"].append(row["played_ms"])
    found = [
        {"month": month, "listens": listens[month], "least": min(played), "greatest": max(played),
         "threshold": counting.impossible_day_ms[-1].value, "peers_median": middle}
        for month, played in sorted(by_month.items())
    ]  # fmt: skip
    return {"found": found, "most": [], "costs": _costs(lake, period)}


def _costs(lake: Path, period: str | None) -> list[dict[str, Any]]:
    found = []
    for run in last_runs(lake, period):
        if not any(f'"rule": "{rule}"' in run.config for rule in OF_A_POOL):
            continue
        of_run = f"run_id = '{run.run_id}'"
        columns = "count(*) AS listens, count(DISTINCT show_id) AS shows, coalesce(sum(heard_ms), 0) AS heard_ms"
        (invalid,) = read(lake, LISTEN_SETTLEMENTS, f"{of_run} AND \"class\" = 'invalid'", columns)
        if not invalid["listens"]:
            continue
        pools = "currency, max(pool_minor) AS pool_minor, max(total_weight) AS total_weight"
        for pool in read(lake, ALLOCATIONS, f"{of_run} GROUP BY currency ORDER BY currency", pools):
            weight = int(invalid["heard_ms"])
            cost = int(pool["pool_minor"]) * weight // (int(pool["total_weight"]) + weight)
            found.append(
                {"program": run.program, "period": run.period, "currency": pool["currency"],
                 "settlement_period": run.settlement_period, "listens": invalid["listens"],
                 "shows": invalid["shows"], "cost_minor": cost}
            )  # fmt: skip
    return found
