"""``podledger publish``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Write restatements, check what is to be published and put it before readers, in one stroke."

configure = add_work


def run(arguments: argparse.Namespace) -> int:
    """Performs the steps."""
    from jobs.steps.publish import PUBLISH
    from jobs.steps.restate import RESTATE
    from jobs.steps.validate import VALIDATE

    return perform_all(arguments, "publish", [RESTATE, VALIDATE, PUBLISH])
