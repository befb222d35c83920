"""``podledger replay``."""

import argparse

from jobs.commands.performing import add_work, perform_all
from jobs.commands.places import day, ordered

ABOUT = "Make the listens of some days anew from their events, then check and publish what differs."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_work(parser)
    parser.add_argument("--from", dest="first", type=day, required=True, metavar="DAY", help="first listen_day (UTC)")
    parser.add_argument("--to", dest="last", type=day, metavar="DAY", help="last listen_day; default: the first")


def run(arguments: argparse.Namespace) -> int:
    """Performs the steps."""
    last = arguments.last or arguments.first
    ordered(arguments.first, last)
    from jobs.steps.listens import replay_step
    from jobs.steps.publish import PUBLISH
    from jobs.steps.restate import RESTATE
    from jobs.steps.validate import VALIDATE

    return perform_all(arguments, "replay", [replay_step(arguments.first, last), RESTATE, VALIDATE, PUBLISH])
