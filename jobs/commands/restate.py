"""``podledger restate``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Write down what changed in days that had ended and were published."

configure = add_work


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.restate import RESTATE

    return perform_all(arguments, "restate", [RESTATE])
