"""conf/payouts.toml, read once and checked: programs, rules, and the life of a period."""

import itertools
import tomllib
from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.finance.amounts import EXPONENTS
from jobs.finance.periods import Calendar, Period
from jobs.finance.programs import ID, DatedHold, DatedRule, Payouts, Program, Rule, ShowSpan
from jobs.toml_entries import Entry as _Entry
from jobs.transforms.settlement.suspicions import RULES


def read_payouts(path: Path) -> Payouts:
    """The programs and dates of that file.

    Raises:
        Stop: it is no TOML, lacks an entry, has one that nobody knows, or entries contradict each other.
    """
    try:
        return _payouts(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValueError) as error:
        raise Stop(f"{path}: cannot read the programs: {error}; mend the file, docs/payouts.md says how") from error


def _payouts(content: dict[str, Any]) -> Payouts:
    top = _Entry("the file", content)
    life = _Entry("[life]", top.take("life", dict))
    listens = _Entry("[listens]", top.take("listens", dict))
    programs = [_program(_Entry(f"program {place}", one)) for place, one in enumerate(top.take("program", list), 1)]
    holds = tuple(_hold(_Entry("hold", one)) for one in top.take("hold", list))
    minimum = top.take("minimum", dict)
    for currency, least in minimum.items():
        if currency not in EXPONENTS or type(least) is not int or least < 0:
            raise ValueError(f"[minimum] {currency} = {least!r}: a currency of ISO 4217 and minor units, at least 0")
    payouts = Payouts(
        calendar=Calendar(life.number("cut_off_days"), life.number("final_days")),
        approvals=life.number("approvals"),
        hold_days=life.number("hold_days"),
        hold_unsure_clocks=listens.take("hold_unsure_clocks", bool),
        pay_claimed=listens.take("pay_claimed", bool),
        programs={program.name: program for program in programs},
        minimum=minimum,
        holds=tuple(sorted(holds, key=lambda hold: (hold.rule, hold.since))),
    )
    for entry in (top, life, listens):
        entry.end()
    if len({(hold.rule, hold.since) for hold in holds}) < len(holds):
        raise ValueError("hold: a rule is listed twice for one day")
    if len(payouts.programs) < len(programs):
        raise ValueError("two programs have one name")
    if payouts.calendar.final_days < payouts.calendar.cut_off_days:
        raise ValueError("[life] final_days is less than cut_off_days: a month would be final before it is settled")
    return payouts


def _program(entry: "_Entry") -> Program:
    name = entry.take("name", str)
    if not ID.fullmatch(name):
        raise ValueError(f"program {name!r}: a name is a letter, then letters, digits and . _ : -")
    entry.name = f"program {name}"
    rules = tuple(_rule(_Entry(entry.name, one)) for one in entry.take("rules", list))
    shows = tuple(_show(_Entry(entry.name, one)) for one in entry.take("shows", list))
    as_they_are = tuple(Period.read(month) for month in entry.texts("plays_as_they_are"))
    entry.end()
    if not rules or any(later.since <= early.since for early, later in itertools.pairwise(rules)):
        raise ValueError(f"{entry.name}: rules are listed by their month, each month once, at least one")
    for one, other in itertools.combinations(shows, 2):
        if one.overlaps(other):
            raise ValueError(f"{entry.name}: show {one.show_id} is listed twice for {max(one.since, other.since)}")
    program = Program(name, rules, shows, as_they_are)
    for month in as_they_are:
        rule = program.rule(month)
        if rule is None or rule.rule is not Rule.CPM:
            raise ValueError(f"{entry.name}: plays_as_they_are names {month}, in which it counts no plays")
    return program


def _rule(entry: "_Entry") -> DatedRule:
    since, named = entry.day("from"), entry.take("rule", str)
    if since.day != 1:
        raise ValueError(f"{entry.name}: a rule changes on the first of a month, not on {since}")
    if named not in list(Rule):
        raise ValueError(f"{entry.name}: unknown rule {named!r}; there are {', '.join(Rule)}")
    rule = Rule(named)
    cap_ms = entry.number("cap_ms") if rule is Rule.CAPPED else None
    entry.end()
    return DatedRule(Period.of(since), rule, cap_ms)


def _show(entry: "_Entry") -> ShowSpan:
    show_id, since = entry.take("show_id", str), entry.day("from")
    to = entry.day("to") if "to" in entry.content else None
    entry.end()
    if to is not None and to <= since:
        raise ValueError(f"{entry.name}: show {show_id} leaves on {to}, not after it joins on {since}")
    return ShowSpan(show_id, since, to)


def _hold(entry: "_Entry") -> DatedHold:
    named, since, threshold = entry.take("rule", str), entry.day("from"), entry.number("threshold")
    if named not in RULES:
        raise ValueError(f"hold: unknown rule {named!r}; there are {', '.join(RULES)}")
    entry.name = f"hold {named}"
    settings = tuple((name, entry.number(name)) for name in RULES[named].settings)
    entry.end()
    return DatedHold(named, since, threshold, settings)
