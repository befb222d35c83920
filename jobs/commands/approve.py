"""``podledger approve``."""

import argparse

from jobs.commands.performing import add_vouching, add_work, perform_all
from jobs.commands.places import month

ABOUT = "Approve the draft of a close, as the user who calls this."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_work(parser)
    add_vouching(parser)
    parser.add_argument("--period", type=month, required=True, metavar="MONTH", help="month to close, like 2026-10")
    parser.add_argument("--draft", type=int, metavar="N", help="only if this is the newest draft of it still")


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.money.approve import approve_step

    return perform_all(arguments, "approve", [approve_step(arguments.period, arguments.draft)])
