"""``podledger statements``, without Spark."""

import argparse

from jobs.commands.places import add_close, answer_written, settings_of

ABOUT = "Write the statements of a close: a PDF and a CSV a payee, each adding up to the unit."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_close(parser)


def run(arguments: argparse.Namespace) -> int:
    """Writes them."""
    from jobs.published.money import write_statements

    settings = settings_of(arguments)
    out = arguments.out or settings.out / str(arguments.period) / "statements"
    written = write_statements(settings.lake, str(arguments.period), out)
    return answer_written(arguments, "statements", written.figures, written.notes, out)
