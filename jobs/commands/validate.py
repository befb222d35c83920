"""``podledger validate``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Check what is about to be published; a failed check closes the gate."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add_work(parser)
    parser.add_argument("--whole", action="store_true", help="check all rows of all tables, not only what changed")


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.validate import VALIDATE, validate_step

    return perform_all(arguments, "validate", [validate_step(whole=True) if arguments.whole else VALIDATE])
