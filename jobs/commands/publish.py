"""``podledger publish``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Put what was validated before readers, in one stroke."

configure = add_work


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.publish import PUBLISH

    return perform_all(arguments, "publish", [PUBLISH])
