"""``podledger validate``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Check what is about to be published; a failed check closes the gate."

configure = add_work


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.validate import VALIDATE

    return perform_all(arguments, "validate", [VALIDATE])
