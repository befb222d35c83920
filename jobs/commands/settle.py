"""``podledger settle``."""

import argparse

from jobs.commands.performing import add_vouching, add_work, perform_all
from jobs.commands.places import month

ABOUT = "Close a month in draft: freeze its input, true up older months, work all of it out."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_work(parser)
    add_vouching(parser)
    parser.add_argument("--period", type=month, required=True, metavar="MONTH", help="month to close, like 2026-10")


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.money.settle import settle_step

    return perform_all(arguments, "settle", [settle_step(arguments.period)])
