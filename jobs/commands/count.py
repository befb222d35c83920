"""``podledger count``."""

import argparse

from jobs.commands.performing import add_work, perform_all

ABOUT = "Judge what landed and turn it into events, each once."

configure = add_work


def run(arguments: argparse.Namespace) -> int:
    """Performs the step."""
    from jobs.steps.count import COUNT

    return perform_all(arguments, "count", [COUNT])
