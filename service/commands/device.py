"""``podledger device``: a reference client at a terminal."""

import argparse

from jobs.errors import Stop

ABOUT = "Be a listener's device: download, play in simulated time, sync."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("--log", metavar="DIR", required=True, help="folder of the device's log and downloads")


def run(arguments: argparse.Namespace) -> int:
    """Does what was asked."""
    raise Stop(f"{arguments.log}: nothing to do yet")
