"""``podledger reproduce``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Work out a past run again from what its close archived, and compare checksums."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_work(parser)
    parser.add_argument("run_id", metavar="RUN_ID", help="the run, or how its id begins")


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.money.reproduce import reproduce_step

    return perform_all(arguments, "reproduce", [reproduce_step(arguments.run_id)])
