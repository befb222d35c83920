"""``podledger simulate --rule``: a mode of the command that otherwise makes a simulated platform."""

import argparse

from jobs.commands.performing import add_work, perform_all
from jobs.commands.places import month
from jobs.errors import Stop
from jobs.finance.programs import Rule

ABOUT = "Divide a settled month by another rule, and show it beside what it came to, payee by payee."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_work(parser)
    rules = [str(rule) for rule in Rule if rule is not Rule.CPM]
    parser.add_argument("--rule", choices=rules, required=True, help="rule to divide by")
    parser.add_argument("--cap-ms", type=int, metavar="MS", help="for capped: what a listener may bring at most")
    parser.add_argument("--program", required=True, metavar="NAME", help="program, as conf/payouts.toml names it")
    parser.add_argument("--period", type=month, required=True, metavar="MONTH", help="month, like 2026-10")


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.money.other_rule import other_rule_step

    rule = Rule(arguments.rule)
    if (rule is Rule.CAPPED) != (arguments.cap_ms is not None) or (arguments.cap_ms or 1) < 1:
        raise Stop("capped wants --cap-ms, at least 1, and no other rule does")
    return perform_all(
        arguments, "simulate", [other_rule_step(arguments.period, arguments.program, rule, arguments.cap_ms)]
    )
