"""Campaigns: whether their programs count plays in all months of their flight, and what is posted stays."""

from collections.abc import Collection, Mapping

from jobs.finance.campaigns import CAMPAIGNS, campaign_text, months_of
from jobs.finance.files import Row
from jobs.finance.periods import Period
from jobs.finance.programs import Payouts, Rule
from jobs.finance.sheets import Fault


def judge_campaigns(
    rows: Collection[Row],
    posted: Mapping[str, str],
    finals: Collection[tuple[str, str]],
    payouts: Payouts,
    broken: Collection[str],
    faults: list[Fault],
) -> None:
    """Adds the faults of campaigns.csv; ``posted`` gives each posted campaign's :func:`campaign_text`."""
    if CAMPAIGNS not in broken:
        for name in sorted(set(posted) - {row["campaign_id"] for row in rows}):
            faults.append(Fault(CAMPAIGNS, 0, f"campaign {name} is posted and missing; put it back"))
    for row in rows:
        faults += (Fault(CAMPAIGNS, row.line, fault) for fault in _faults(row, posted, finals, payouts))


def _faults(row: Row, posted: Mapping[str, str], finals: Collection[tuple[str, str]], payouts: Payouts) -> list[str]:
    name, program = row["campaign_id"], row["program"]
    found = []
    if row["ends"] < row["starts"]:
        found.append(f"ends on {row['ends']}, before it starts")
    if program not in payouts.programs:
        return [*found, f"unknown program {program}; there are {', '.join(payouts.programs)} in conf/payouts.toml"]
    for month in [*months_of(row)] or [Period.of(row["starts"])]:
        rule = payouts.rule(program, month)
        if rule is None or rule.rule is not Rule.CPM:
            day = max(row["starts"], month.first_day)
            found.append(f"{program} is no cpm program on {day}; see conf/payouts.toml")
            break
    if name in posted and posted[name] != campaign_text(row):
        found.append(f"campaign {name} is posted and was changed; put it back, and go on with a new campaign")
    is_final = [month for month in months_of(row) if (program, str(month)) in finals]
    if name not in posted and is_final:
        found.append(f"{program} {is_final[0]} is final and takes no more campaigns; let it start later")
    return found
