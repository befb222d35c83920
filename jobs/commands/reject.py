"""``podledger reject``."""

import argparse

from jobs.commands.performing import add_vouching, add_work, perform_all
from jobs.commands.places import month

ABOUT = "Reject the draft of a close, as the user who calls this: it cannot be posted."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_work(parser)
    add_vouching(parser)
    parser.add_argument("--period", type=month, required=True, metavar="MONTH", help="month to close, like 2026-10")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="what has to be mended")
    parser.add_argument("--draft", type=int, metavar="N", help="only if this is the newest draft of it still")


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.money.reject import reject_step

    step = reject_step(arguments.period, arguments.reason, arguments.draft)
    return perform_all(arguments, "reject", [step])
