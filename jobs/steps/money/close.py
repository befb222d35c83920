"""What a close has to work out: a run for each program and period, with its money, its rule and its shows."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.errors import Stop
from jobs.finance.amounts import Money, document
from jobs.finance.campaigns import campaign_text, campaigns_of, months_of
from jobs.finance.files import FinanceSet, Row
from jobs.finance.judging_pools import UNDISTRIBUTED, document_text
from jobs.finance.periods import Period
from jobs.finance.programs import OF_USERS, DatedRule, Payouts, Program, Rule
from jobs.steps.money.runs import Run, posted_runs


@dataclass(frozen=True, slots=True)
class ToSettle:
    """A program and period in a close: what it does, by which rule, and what documents bring in, by currency.

    ``sources`` says where money comes from: the part of the gross that gives out what an earlier period left
    undistributed stands under that account's name, the other under the program's own. ``campaigns`` are its documents
    where plays are counted: what they bring in is known then.
    """

    program: Program
    period: Period
    kind: str
    rule: DatedRule
    money: dict[str, Money] = field(default_factory=dict)
    sources: dict[str, dict[str, int]] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    fee_bps: int = 0
    campaigns: Sequence[Row] = ()

    @property
    def is_of_users(self) -> bool:
        """Whether the rule divides what each listener paid."""
        return self.rule.rule in OF_USERS

    @property
    def counts_plays(self) -> bool:
        """Whether the rule counts plays of campaigns, and not what was heard."""
        return self.rule.rule is Rule.CPM

    @property
    def takes_plays_as_they_are(self) -> bool:
        """Whether conf has it settled by the plays there are."""
        return self.period in self.program.plays_as_they_are

    @property
    def config(self) -> str:
        """The rule, cap and shows as JSON, and whether plays are taken as they are."""
        shows = [
            [show.show_id, str(show.since), None if show.to is None else str(show.to)] for show in self.program.shows
        ]
        told = {"rule": self.rule.rule, "cap_ms": self.rule.cap_ms, "shows": shows}
        as_they_are = {"plays_as_they_are": True} if self.takes_plays_as_they_are else {}
        return json.dumps(told | as_they_are, sort_keys=True)


def receivable(program: str) -> str:
    """The account of what a program's documents bring in."""
    return f"receivable:{program}"


def to_settle(payouts: Payouts, finance: FinanceSet, close: Period, runs: Sequence[Run]) -> list[ToSettle]:
    """Everything that the close of this month works out: that month, and each older one that is not final.

    Raises:
        Stop: a later month is closed already, an earlier one is not, or a rule was changed in the past.
    """
    found = []
    for program in payouts.programs.values():
        posted = posted_runs(runs, program.name)
        _check_order(program.name, close, posted, finance)
        latest = {Period.read(run.period): run for run in posted}
        if program.rule(close) is not None:
            latest.pop(close, None)
            found.append(run_of(payouts, program, close, close, finance))
        found += [
            run_of(payouts, program, period, close, finance)
            for period, run in sorted(latest.items())
            if run.kind != "final"
        ]
    for one in found:
        _check_rule(one, runs)
    gone = {run.program for run in runs if run.state == "posted"} - set(payouts.programs)
    if gone:
        raise Stop(f"conf/payouts.toml lacks {', '.join(sorted(gone))}, which has posted months; put it back")
    return found


def run_of(payouts: Payouts, program: Program, period: Period, close: Period, finance: FinanceSet) -> ToSettle:
    """What a close does to one program and period, and the money that documents bring in for it."""
    rule = program.rule(period)
    if rule is None:
        raise Stop(
            f"{program.name} has no rule in {period} any more, which is posted: put it back in conf/payouts.toml"
        )
    rows = [row for row in finance["pools"] if (row["program"], row["period"]) == (program.name, str(period))]
    one = ToSettle(
        program, period, payouts.calendar.kind(period, close), rule, fee_bps=rows[0]["fee_bps"] if rows else 0,
        campaigns=campaigns_of(finance, program.name, period) if rule.rule is Rule.CPM else (),
    )  # fmt: skip
    sources: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        currency = row["currency"]
        brought = document(row["gross_minor"], row["fee_bps"], row["holdback_bps"])
        one.money[currency] = one.money.get(currency, Money()) + brought
        sources[currency][_source(program.name, row)] += row["gross_minor"]
        one.documents[row["document_id"]] = document_text(row)
    one.documents.update({row["campaign_id"]: campaign_text(row) for row in one.campaigns})
    one.sources.update({currency: dict(by_source) for currency, by_source in sources.items()})
    return one


def _source(program: str, row: Row) -> str:
    name: str = row["document_id"]
    return ":".join(name.split(":")[:2]) if name.startswith(UNDISTRIBUTED) else receivable(program)


def _check_order(program: str, close: Period, posted: Sequence[Run], finance: FinanceSet) -> None:
    for run in posted:
        if Period.read(run.settlement_period) == close:
            raise Stop(f"{program} {run.period} is posted with the close of {close} (run {run.run_id}): it is closed")
        if Period.read(run.settlement_period) > close:
            raise Stop(f"the close of {run.settlement_period} is posted already: {close} can no longer be closed")
    settled = {run.period for run in posted}
    of_campaigns = (row for row in finance["campaigns"] if row["program"] == program)
    earlier = {row["period"] for row in finance["pools"] if row["program"] == program}
    earlier |= {str(month) for row in of_campaigns for month in months_of(row)}
    earlier -= settled
    open_before = sorted(period for period in earlier if Period.read(period) < close)
    if open_before:
        raise Stop(f"{program} has documents for {open_before[0]}, which is not closed: close that month first")


def _check_rule(one: ToSettle, runs: Sequence[Run]) -> None:
    for run in posted_runs(runs, one.program.name):
        before: Mapping[str, Any] = json.loads(run.config)
        now: Mapping[str, Any] = json.loads(one.config)
        if run.period == str(one.period) and (before["rule"], before["cap_ms"]) != (now["rule"], now["cap_ms"]):
            raise Stop(
                f"{run.program} {run.period} was posted by {before['rule']} (cap {before['cap_ms']}), and now it is "
                f"{now['rule']} (cap {now['cap_ms']}): rules never change in the past, put conf/payouts.toml back"
            )
