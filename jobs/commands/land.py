"""``podledger land``."""

import argparse

from jobs.commands.performing import add_work, perform_all
from jobs.commands.places import hour

ABOUT = "Land what the service sealed: every file once, every distinct line one row."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_work(parser)
    parser.add_argument("--hour", type=hour, metavar="HOUR", help="only this UTC sealing hour, like 2026-10-05T12")


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.land import land_step

    return perform_all(arguments, "land", [land_step(arguments.hour)])
