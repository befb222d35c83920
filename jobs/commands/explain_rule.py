"""``podledger explain-rule``: what a rule looks for, what it found, and what that cost, without Spark."""

import argparse
import json

from jobs.commands.places import add_places, month, settings_of

ABOUT = "Say what a rule that holds listens or makes them invalid looks for, what it found, and what that cost."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_places(parser)
    parser.add_argument("name", metavar="NAME", help="rule, as conf/payouts.toml and gold/holds name it")
    parser.add_argument("--period", type=month, metavar="MONTH", help="only of this month (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Prints it."""
    from jobs.payouts import read_payouts
    from jobs.rules import read_rules
    from jobs.steps.money.explaining import explain, in_text

    settings = settings_of(arguments)
    payouts, counting = read_payouts(settings.payouts_toml), read_rules(settings.counting_toml)
    period = None if arguments.period is None else str(arguments.period)
    found = explain(settings.lake, arguments.name, period, payouts, counting)
    print(json.dumps(found, ensure_ascii=False, default=str) if arguments.json else "\n".join(in_text(found)))
    return 0
