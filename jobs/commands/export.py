"""``podledger export``, without Spark."""

import argparse

from jobs.commands.places import add_close, answer_written, settings_of

ABOUT = "Write a close: postings, payments and statements as CSV, payment files, a manifest with control totals."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_close(parser)


def run(arguments: argparse.Namespace) -> int:
    """Writes them."""
    from jobs.bank import read_accounts
    from jobs.published.money import write_export

    settings = settings_of(arguments)
    out = arguments.out or settings.out / str(arguments.period) / "export"
    written = write_export(settings.lake, str(arguments.period), out, read_accounts(settings.bank_toml))
    return answer_written(arguments, "export", written.figures, written.notes, out)
