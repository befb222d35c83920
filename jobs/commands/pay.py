"""``podledger pay``."""

import argparse

from jobs.commands.performing import add_work, perform_all
from jobs.commands.places import month

ABOUT = "Make payment instructions from what is posted; what the bank returned is taken back first."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_work(parser)
    parser.add_argument("--period", type=month, required=True, metavar="MONTH", help="the last month posted")


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.money.pay import pay_step

    return perform_all(arguments, "pay", [pay_step(arguments.period)])
