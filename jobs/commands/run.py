"""``podledger run``: all steps, from what landed to what is published."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Bring the lake up to date with all that has landed, check it and publish it."

configure = add_work


def run(arguments: argparse.Namespace) -> int:
    """Performs the steps."""
    from jobs.steps.count import COUNT
    from jobs.steps.land import land_step
    from jobs.steps.listens import LISTENS_STEP
    from jobs.steps.publish import PUBLISH
    from jobs.steps.restate import RESTATE
    from jobs.steps.validate import VALIDATE

    return perform_all(arguments, "run", [land_step(), COUNT, LISTENS_STEP, RESTATE, VALIDATE, PUBLISH])
