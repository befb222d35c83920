"""One set of finance files judged together: what contradicts itself, or what is known, is a fault."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jobs.finance.files import FinanceSet, Row
from jobs.finance.judging_campaigns import judge_campaigns
from jobs.finance.judging_pools import judge_pools
from jobs.finance.programs import Payouts
from jobs.finance.sheets import Fault

KEYS: dict[str, tuple[str, ...]] = {
    "payees": ("payee_id",),
    "splits": ("show_id", "valid_from", "payee_id"),
    "pools": ("document_id",),
    "subscriptions": ("program", "period", "listener_id"),
    "campaigns": ("campaign_id",),
    "rates": ("date", "from", "to"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before this set: from the sets before it, from the lake, and from what was posted.

    ``documents`` gives the row of each posted document as :func:`document_text` writes it, ``campaigns`` that of each
    posted campaign as ``campaign_text`` does, ``finals`` the programs and periods that are final. ``listens`` need hold
    no more than those that the set's decisions name.
    """

    files: frozenset[str] = frozenset()
    payees: frozenset[str] = frozenset()
    shows: frozenset[str] = frozenset()
    listens: frozenset[str] = frozenset()
    payments: frozenset[str] = frozenset()
    documents: Mapping[str, str] = field(default_factory=dict)
    campaigns: Mapping[str, str] = field(default_factory=dict)
    finals: frozenset[tuple[str, str]] = frozenset()


def judge(finance: FinanceSet, known: Known, payouts: Payouts, faults: list[Fault]) -> None:
    """Adds every fault that shows only when the files are seen together.

    A file that has faults already is not held against the others: what it lacks may stand in a line that was refused.
    """
    broken = {fault.file for fault in faults}
    for file in sorted(known.files - finance.given - broken):
        faults.append(Fault(file, 0, "is in the set in force and is missing; a file without rows has its header"))
    for name, key in KEYS.items():
        _judge_key(name, key, finance[name], faults)
    payees = None if "payees.csv" in broken else {row["payee_id"] for row in finance["payees"]}
    if payees is not None:
        for payee in sorted(known.payees - payees):
            faults.append(Fault("payees.csv", 0, f"payee {payee} was known and is missing; once known, a payee stays"))
    _judge_splits(finance["splits"], payees, known.shows, faults)
    judge_pools(finance, known.documents, known.finals, payouts, broken, faults)
    judge_campaigns(finance["campaigns"], known.campaigns, known.finals, payouts, broken, faults)
    _judge_rest(finance, known, faults)


def _judge_key(name: str, key: tuple[str, ...], rows: Iterable[Row], faults: list[Fault]) -> None:
    first: dict[tuple[object, ...], int] = {}
    for row in rows:
        values = tuple(row[column] for column in key)
        before = first.setdefault(values, row.line)
        if before != row.line:
            said = ", ".join(str(value) for value in values)
            faults.append(Fault(f"{name}.csv", row.line, f"{said}: is in line {before} already"))


def _judge_splits(rows: list[Row], payees: set[str] | None, shows: frozenset[str], faults: list[Fault]) -> None:
    versions: defaultdict[str, dict[object, Row]] = defaultdict(dict)
    for row in rows:
        if payees is not None and row["payee_id"] not in payees:
            faults.append(Fault("splits.csv", row.line, f"unknown payee {row['payee_id']}; add it to payees.csv"))
        if row["show_id"] not in shows:
            faults.append(Fault("splits.csv", row.line, _unknown_show(row["show_id"], shows)))
        if row["valid_to"] is not None and row["valid_to"] <= row["valid_from"]:
            faults.append(Fault("splits.csv", row.line, f"valid_to {row['valid_to']} is not after valid_from"))
        first = versions[row["show_id"]].setdefault(row["valid_from"], row)
        if first["valid_to"] != row["valid_to"]:
            fault = f"valid_to is not that of line {first.line}, which is of the same version"
            faults.append(Fault("splits.csv", row.line, fault))
    for by_day in versions.values():
        ordered = sorted(by_day.values(), key=lambda row: (row["valid_from"], row.line))
        for early, late in itertools.pairwise(ordered):
            if early["valid_to"] is None or early["valid_to"] > late["valid_from"]:
                fault = f"overlaps the version of line {early.line}; give that one valid_to {late['valid_from']}"
                faults.append(Fault("splits.csv", late.line, fault))


def _unknown_show(show: str, shows: frozenset[str]) -> str:
    lost = [known for known in shows if known != show and known.lstrip("0") == show]
    hint = f"; leading zeros may have been lost, there is {lost[0]}" if lost else "; it is not in the catalogue"
    return f"unknown show {show!r}{hint}"


def _judge_rest(finance: FinanceSet, known: Known, faults: list[Fault]) -> None:
    for row in finance["rates"]:
        if row["from"] == row["to"]:
            faults.append(Fault("rates.csv", row.line, f"a rate from {row['from']} to itself; delete the line"))
    for row in finance["bank_results"]:
        if row["end_to_end_id"] not in known.payments:
            faults.append(Fault("bank_results.csv", row.line, f"we never issued a payment {row['end_to_end_id']!r}"))
    for row in finance["decisions"]:
        if row["listen_id"] not in known.listens:
            faults.append(Fault("decisions.csv", row.line, f"there never was a listen {row['listen_id']}"))


def listed(faults: Iterable[Fault], most: int) -> list[str]:
    """The faults in the order of files and lines, each once; beyond so many, how many more there are by file."""
    ordered = sorted(set(faults))
    rest = Counter(fault.file for fault in ordered[most:])
    return [str(fault) for fault in ordered[:most]] + [f"{file}: {more:,} more" for file, more in sorted(rest.items())]
