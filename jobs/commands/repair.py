"""``podledger repair``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Put a table that somebody else changed back to what our own work left."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_work(parser)
    parser.add_argument("table", metavar="TABLE", help="such as silver/listens")


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.repair import repair_step

    return perform_all(arguments, "repair", [repair_step(arguments.table)])
