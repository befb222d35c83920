"""Why: how a payee's amount of a month came about, from the pool down to the listens."""

from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.finance.amounts import in_words
from jobs.finance.campaigns import PLAYS_OF_CPM
from jobs.finance.programs import OF_USERS, Rule
from jobs.lake.schema import quoted
from jobs.published.reading import rows, state_of
from jobs.steps.money.again import plays_of
from jobs.steps.money.runs import Run
from jobs.steps.money.worth import in_text as worth_in_text
from jobs.steps.money.worth import worth
from jobs.steps.money.worth_of_plays import in_text as plays_in_text
from jobs.steps.money.worth_of_plays import worth_of_plays
from jobs.tables import ALLOCATIONS, LISTEN_SETTLEMENTS, SETTLEMENT_RUNS


def why(lake: Path, payee: str, period: str) -> list[dict[str, Any]]:
    """One entry a program, currency, campaign, show and split version of the last run posted for that month.

    Each has the run, the figures of both stages with their formulas, and the show's listens by day and class, or its
    plays by day where these count.

    Raises:
        Stop: the month is not posted, or the payee has no part in it.
    """
    versions, told = state_of(lake).get("tables", {}), []
    for run in _last_runs(lake, period):
        where = f"run_id = '{run.run_id}' AND payee_id = {quoted(payee)}"
        allocated = rows(lake, ALLOCATIONS.name, versions[ALLOCATIONS.name], where).to_pylist()
        if allocated and run.rule == Rule.CPM:
            plays = plays_of(lake, run)
            told += [{**_figures(run, row), **_of_campaign(run, row, plays)} for row in allocated]
        else:
            told += [_one(lake, versions[LISTEN_SETTLEMENTS.name], run, row) for row in allocated]
    if not told:
        raise Stop(f"{payee} has no part in what is posted for {period}: see splits.csv, and gold/settlement_runs")
    order = ("program", "currency", "campaign_id", "show_id", "valid_from")
    return sorted(told, key=lambda one: tuple(one[name] for name in order))


def unpaid(lake: Path, payee: str, period: str) -> list[dict[str, Any]]:
    """What of the payee's shows was held, invalid, void or late in that month, by which rule, and worth what.

    Where plays count, those in such listens.
    """
    return [
        one
        for run in _last_runs(lake, period)
        for one in (worth_of_plays if run.rule == Rule.CPM else worth)(lake, run, payee)
    ]


def _last_runs(lake: Path, period: str) -> list[Run]:
    """The last run that was posted for that month, of each program.

    Raises:
        Stop: nothing is settled yet.
    """
    version = state_of(lake).get("tables", {}).get(SETTLEMENT_RUNS.name, -1)
    if version < 0:
        raise Stop(f"nothing is settled in {lake} yet: `podledger settle --period {period}`")
    found = rows(lake, SETTLEMENT_RUNS.name, version, f"period = '{period}'").to_pylist()
    posted = sorted((Run(**row) for row in found if row["state"] == "posted"), key=lambda run: run.settlement_period)
    return list({run.program: run for run in posted}.values())


def _one(lake: Path, version: int, run: Run, row: dict[str, Any]) -> dict[str, Any]:
    since = None if row["valid_from"] is None else str(row["valid_from"])
    version_of = "valid_from IS NULL" if since is None else f"valid_from = date '{since}'"
    where = f"run_id = '{run.run_id}' AND show_id = {quoted(row['show_id'])} AND {version_of}"
    columns = '"class", listen_day, count(*) AS listens, sum(heard_ms) AS heard_ms'
    grouped = f'{where} GROUP BY "class", listen_day ORDER BY listen_day, "class"'
    listens = rows(lake, LISTEN_SETTLEMENTS.name, version, grouped, columns).to_pylist()
    return {**_figures(run, row), "listens": [{**one, "listen_day": str(one["listen_day"])} for one in listens]}


def _of_campaign(run: Run, row: dict[str, Any], plays: list[dict[str, Any]]) -> dict[str, Any]:
    """What the campaign of that row brought in, and the item's plays by day."""
    (pool,) = (one for one in run.money if one["campaign_id"] == row["campaign_id"])
    brought = ("cpm_minor", "plays", "gross_minor", "fee_minor", "holdback_minor")
    item = ("campaign_id", "show_id", "valid_from")
    days = [
        {"listen_day": str(one["listen_day"]), "plays": one["plays"]}
        for one in plays
        if all(one[name] == row[name] for name in item)
    ]
    return {"campaign": {name: pool[name] for name in brought}, "plays": days, "listens": []}


def _figures(run: Run, row: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: int(value) for name, value in row.items() if name not in _TEXTS and value is not None}
    return {
        "run_id": run.run_id,
        "program": run.program,
        "period": run.period,
        "settlement_period": run.settlement_period,
        "rule": run.config,
        "currency": row["currency"],
        "campaign_id": row["campaign_id"],
        "show_id": row["show_id"],
        "valid_from": None if row["valid_from"] is None else str(row["valid_from"]),
        **numbers,
    }


_TEXTS = frozenset({"run_id", "program", "period", "currency", "campaign_id", "show_id", "valid_from", "payee_id"})


def in_text(one: dict[str, Any]) -> list[str]:
    """The same in words, with the numbers in their formulas."""
    currency = one["currency"]
    unit = "micro-units" if any(rule in one["rule"] for rule in OF_USERS) else "plays" if "campaign" in one else "ms"
    of = f"campaign {one['campaign_id']}, " if "campaign" in one else ""
    share = f"{one['share']} of {one['total_shares']} shares"
    said = [
        f"{one['program']} {one['period']}, {of}show {one['show_id']}, split of {one['valid_from']}, {share}: "
        f"{in_words(one['amount_minor'], currency)}",
        f"  by run {one['run_id']} of the close of {one['settlement_period']}: {one['rule']}",
        *_campaign_in_words(one),
        f"  show: floor({one['pool_minor']} * {one['weight']} / {one['total_weight']} {unit}) = {one['item_base']}, "
        f"remainder {one['item_remainder']}, unit left over {one['item_bonus']}: {one['item_minor']}",
        f"  payee: floor({one['item_minor']} * {one['share']} / {one['total_shares']}) = {one['base_minor']}, "
        f"remainder {one['remainder']}, unit left over {one['bonus_minor']}: {one['amount_minor']}",
    ]
    if one["held_minor"]:
        amount, weight, held = one["amount_minor"], one["weight"], one["held_weight"]
        said.append(f"  on hold: {amount} - floor({amount} * ({weight} - {held}) / {weight}) = {one['held_minor']}")
    said += (f"  {day['listen_day']}: {day['plays']:,} billable plays" for day in one.get("plays", []))
    for day in one["listens"]:
        said.append(f"  {day['listen_day']} {day['class']}: {day['listens']:,} listens, {day['heard_ms']:,} ms")
    return said


def _campaign_in_words(one: dict[str, Any]) -> list[str]:
    if "campaign" not in one:
        return []
    brought = one["campaign"]
    return [
        f"  campaign: floor({brought['cpm_minor']} * {brought['plays']} / {PLAYS_OF_CPM}) = {brought['gross_minor']}, "
        f"less fee {brought['fee_minor']} and held back {brought['holdback_minor']}: {one['pool_minor']}"
    ]


def unpaid_in_text(one: dict[str, Any]) -> str:
    """What was not paid in words."""
    amount = in_words(abs(one["worth_minor"]), one["currency"])
    more = f"{amount} {'less' if one['worth_minor'] < 0 else 'more'}"
    if "plays" in one:
        return plays_in_text(one, more)
    return worth_in_text(one, amount if one["class"] == "held" else more)
