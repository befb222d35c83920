"""``podledger maintain``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Put small files together and delete those that no kept publication needs."

configure = add_work


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.maintain import MAINTAIN

    return perform_all(arguments, "maintain", [MAINTAIN])
