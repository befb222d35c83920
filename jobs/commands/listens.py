"""``podledger listens``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Bring the listens up to date with the events."

configure = add_work


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.listens import LISTENS_STEP

    return perform_all(arguments, "listens", [LISTENS_STEP])
