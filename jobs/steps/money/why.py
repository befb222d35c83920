"""Why: how a payee's amount of a month came about, from the pool down to the listens."""

from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.finance.amounts import in_words
from jobs.finance.programs import OF_USERS
from jobs.published.reading import rows, state_of
from jobs.steps.money.runs import Run
from jobs.steps.money.worth import in_text as worth_in_text
from jobs.steps.money.worth import worth
from jobs.tables import ALLOCATIONS, LISTEN_SETTLEMENTS, SETTLEMENT_RUNS


def why(lake: Path, payee: str, period: str) -> list[dict[str, Any]]:
    """One entry a program, currency, show and split version of the last run that was posted for that month.

    Each has the run, the figures of both stages with their formulas, and the show's listens by day and class.

    Raises:
        Stop: the month is not posted, or the payee has no part in it.
    """
    versions, told = state_of(lake).get("tables", {}), []
    for run in _last_runs(lake, period):
        where = f"run_id = '{run.run_id}' AND payee_id = '{_quoted(payee)}'"
        allocated = rows(lake, ALLOCATIONS.name, versions[ALLOCATIONS.name], where).to_pylist()
        told += [_one(lake, versions[LISTEN_SETTLEMENTS.name], run, row) for row in allocated]
    if not told:
        raise Stop(f"{payee} has no part in what is posted for {period}: see splits.csv, and gold/settlement_runs")
    return sorted(told, key=lambda one: (one["program"], one["currency"], one["show_id"], one["valid_from"]))


def unpaid(lake: Path, payee: str, period: str) -> list[dict[str, Any]]:
    """What of the payee's shows was held, invalid, void or late in that month, by which rule, and worth what."""
    return [one for run in _last_runs(lake, period) for one in worth(lake, run, payee)]


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
    where = f"run_id = '{run.run_id}' AND show_id = '{_quoted(row['show_id'])}' AND {version_of}"
    columns = '"class", listen_day, count(*) AS listens, sum(heard_ms) AS heard_ms'
    grouped = f'{where} GROUP BY "class", listen_day ORDER BY listen_day, "class"'
    listens = rows(lake, LISTEN_SETTLEMENTS.name, version, grouped, columns).to_pylist()
    numbers = {name: int(value) for name, value in row.items() if name not in _TEXTS and value is not None}
    return {
        "run_id": run.run_id,
        "program": run.program,
        "period": run.period,
        "settlement_period": run.settlement_period,
        "rule": run.config,
        "currency": row["currency"],
        "show_id": row["show_id"],
        "valid_from": since,
        **numbers,
        "listens": [{**one, "listen_day": str(one["listen_day"])} for one in listens],
    }


_TEXTS = frozenset({"run_id", "program", "period", "currency", "campaign_id", "show_id", "valid_from", "payee_id"})


def in_text(one: dict[str, Any]) -> list[str]:
    """The same in words, with the numbers in their formulas."""
    currency = one["currency"]
    unit = "micro-units" if any(rule in one["rule"] for rule in OF_USERS) else "ms"
    share = f"{one['share']} of {one['total_shares']} shares"
    said = [
        f"{one['program']} {one['period']}, show {one['show_id']}, split of {one['valid_from']}, {share}: "
        f"{in_words(one['amount_minor'], currency)}",
        f"  by run {one['run_id']} of the close of {one['settlement_period']}: {one['rule']}",
        f"  show: floor({one['pool_minor']} * {one['weight']} / {one['total_weight']} {unit}) = {one['item_base']}, "
        f"remainder {one['item_remainder']}, unit left over {one['item_bonus']}: {one['item_minor']}",
        f"  payee: floor({one['item_minor']} * {one['share']} / {one['total_shares']}) = {one['base_minor']}, "
        f"remainder {one['remainder']}, unit left over {one['bonus_minor']}: {one['amount_minor']}",
    ]
    if one["held_minor"]:
        amount, weight, held = one["amount_minor"], one["weight"], one["held_weight"]
        said.append(f"  on hold: {amount} - floor({amount} * ({weight} - {held}) / {weight}) = {one['held_minor']}")
    for day in one["listens"]:
        said.append(f"  {day['listen_day']} {day['class']}: {day['listens']:,} listens, {day['heard_ms']:,} ms")
    return said


def unpaid_in_text(one: dict[str, Any]) -> str:
    """What was not paid in words."""
    amount = in_words(abs(one["worth_minor"]), one["currency"])
    return worth_in_text(
        one, amount if one["class"] == "held" else f"{amount} {'less' if one['worth_minor'] < 0 else 'more'}"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")
