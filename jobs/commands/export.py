"""``podledger export``, without Spark."""

import argparse
import json
from pathlib import Path

from jobs.commands.places import add_places, month, settings_of

ABOUT = "Write a close as CSV: postings, payments, statements, and a manifest with control totals."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_places(parser)
    parser.add_argument("period", type=month, metavar="MONTH", help="month of the close, like 2026-10")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")


def run(arguments: argparse.Namespace) -> int:
    """Writes them."""
    from jobs.published.money import write_export

    figures = write_export(settings_of(arguments).lake, str(arguments.period), arguments.out)
    if arguments.json:
        print(json.dumps({"step": "export", "figures": figures}))
    else:
        print(f"export of {arguments.period}: " + ", ".join(f"{name} {value:,}" for name, value in figures.items()))
    return 0
