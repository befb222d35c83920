"""Documents and fees: whether the money of each program and period is of one piece."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from jobs.finance.amounts import MOST_MINOR, in_words
from jobs.finance.files import FinanceSet, Row
from jobs.finance.periods import Period
from jobs.finance.programs import OF_A_POOL, OF_USERS, Payouts, Rule
from jobs.finance.sheets import Fault

POOLS, SUBSCRIPTIONS = "pools.csv", "subscriptions.csv"
UNDISTRIBUTED = "undistributed:"
DOCUMENT = ("program", "period", "currency", "gross_minor", "fee_bps", "holdback_bps")


def document_text(row: Row | Mapping[str, object]) -> str:
    """A document's columns in one text: what must not change once it is posted."""
    return "|".join(str(row[column]) for column in DOCUMENT)


def judge_pools(
    finance: FinanceSet,
    posted: Mapping[str, str],
    finals: Collection[tuple[str, str]],
    payouts: Payouts,
    broken: Collection[str],
    faults: list[Fault],
) -> None:
    """Adds the faults of pools.csv and subscriptions.csv; ``broken`` are files with faults of form."""
    documents: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in finance["pools"]:
        documents[row["program"], row["period"]].append(row)
        faults += (Fault(POOLS, row.line, fault) for fault in _document_faults(row, posted, finals, payouts))
    if POOLS not in broken:
        there = {row["document_id"] for row in finance["pools"]}
        for name in sorted(set(posted) - there):
            faults.append(Fault(POOLS, 0, f"document {name} is posted and missing; correct it by a new document"))
    _judge_sums(finance["pools"], faults)
    fees = _fees(finance["subscriptions"], payouts, faults)
    if not {POOLS, SUBSCRIPTIONS} & set(broken):
        for key, rows in documents.items():
            if _rule(payouts, *key) in OF_USERS:
                _judge_user_program(rows, fees.pop(key, 0), faults)
        for program, period in fees:
            faults.append(Fault(SUBSCRIPTIONS, 0, f"{program} {period}: fees without a document in pools.csv"))


def _rule(payouts: Payouts, program: str, period: str) -> Rule | None:
    dated = payouts.rule(program, Period.read(period))
    return None if dated is None else dated.rule


def _document_faults(
    row: Row, posted: Mapping[str, str], finals: Collection[tuple[str, str]], payouts: Payouts
) -> list[str]:
    name, program, period = row["document_id"], row["program"], row["period"]
    rule = _rule(payouts, program, period)
    if program not in payouts.programs:
        return [f"unknown program {program}; there are {', '.join(payouts.programs)} in conf/payouts.toml"]
    if rule is None:
        return [f"{program} has no rule yet in {period}; see conf/payouts.toml"]
    found = []
    if rule is Rule.CPM:
        found.append(f"{program} is divided by plays: its documents are its campaigns, not rows of {POOLS}")
    if name in posted and posted[name] != document_text(row):
        found.append(f"document {name} is posted and was changed; put it back, and correct it by a new document")
    if name not in posted and (program, period) in finals:
        found.append(f"{program} {period} is final and takes no more documents; use a later period")
    if name.startswith(UNDISTRIBUTED):
        found += _redistribution_faults(row, rule, payouts)
    return found


def _redistribution_faults(row: Row, rule: Rule, payouts: Payouts) -> list[str]:
    """A document that gives away what an earlier period could not divide."""
    source = row["document_id"].removeprefix(UNDISTRIBUTED).partition(":")[0]
    found = []
    if source not in payouts.programs:
        found.append(f"unknown program {source!r} in {row['document_id']}")
    if rule not in OF_A_POOL:
        found.append(f"what is undistributed goes to programs that are {' or '.join(OF_A_POOL)}, not {rule}")
    if row["fee_bps"] or row["holdback_bps"]:
        found.append("what is undistributed bears neither fee nor holdback; both are 0")
    if row["gross_minor"] < 0:
        found.append("what is undistributed is given out, not taken in; gross_minor is at least 0")
    return found


def _judge_sums(rows: list[Row], faults: list[Fault]) -> None:
    sums: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        key = (row["program"], row["period"], row["currency"])
        before = sums[key]
        sums[key] += abs(row["gross_minor"])
        if before <= MOST_MINOR < sums[key]:
            most = in_words(MOST_MINOR, row["currency"])
            faults.append(Fault(POOLS, row.line, f"the documents of {' '.join(key)} add up to more than {most}"))


def _fees(rows: list[Row], payouts: Payouts, faults: list[Fault]) -> dict[tuple[str, str], int]:
    """The fees of each program and period, added up, in minor units."""
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    refused: set[tuple[str, str]] = set()
    for row in rows:
        key = (row["program"], row["period"])
        if key not in sums and key not in refused and _rule(payouts, *key) not in OF_USERS:
            refused.add(key)
            fault = f"{key[0]} is no program of what listeners pay in {key[1]}; see conf/payouts.toml"
            faults.append(Fault(SUBSCRIPTIONS, row.line, fault))
        if key not in refused:
            sums[key] += row["fee_minor"]
    return dict(sums)


def _judge_user_program(rows: list[Row], fees: int, faults: list[Fault]) -> None:
    first = rows[0]
    for row in rows[1:]:
        for column in ("currency", "fee_bps"):
            if row[column] != first[column]:
                fault = f"{column} {row[column]}, but {first[column]} in line {first.line}: one {column} a period"
                faults.append(Fault(POOLS, row.line, fault))
    gross = sum(row["gross_minor"] for row in rows)
    if gross != fees:
        where = f"{first['program']} {first['period']}"
        fault = f"{where}: documents add up to {gross}, the fees of {SUBSCRIPTIONS} to {fees}"
        faults.append(Fault(POOLS, first.line, fault))
