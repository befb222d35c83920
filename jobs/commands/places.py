"""Arguments that commands share: which lake, which landing folder, and how to answer."""

import argparse
import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from jobs.errors import Stop
from jobs.finance.periods import Period
from jobs.settings import Settings, read_settings

HOUR = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}")


def add_places(parser: argparse.ArgumentParser, *, landing: bool = False) -> None:
    """Adds ``--lake``, ``--json`` and, where wanted, ``--landing``."""
    if landing:
        parser.add_argument("--landing", metavar="DIR", help="landing folder, or s3://… (setting paths.landing)")
    parser.add_argument("--lake", metavar="DIR", help="folder of the lake (setting paths.lake)")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object, for machines")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings, with the arguments over them."""
    return read_settings(landing=getattr(arguments, "landing", None), lake=arguments.lake)


def add_close(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of commands that write files about a close."""
    add_places(parser)
    parser.add_argument("period", type=month, metavar="MONTH", help="month of the close, like 2026-10")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (setting paths.out, by month)")


def answer_written(
    arguments: argparse.Namespace, name: str, figures: Mapping[str, int], notes: Sequence[str], out: Path
) -> int:
    """Says what was written and where; the exit code."""
    if arguments.json:
        print(json.dumps({"step": name, "figures": figures, "notes": notes, "out": str(out)}, ensure_ascii=False))
    else:
        print(f"{name} of {arguments.period}: " + ", ".join(f"{what} {value:,}" for what, value in figures.items()))
        print("\n".join([f"  in {out}", *(f"  {note}" for note in notes)]))
    return 0


def hour(text: str) -> str:
    """A UTC sealing hour as ``YYYY-MM-DDTHH``; what follows the hour in a longer timestamp is left out."""
    short = text[:13]
    if not HOUR.fullmatch(short):
        raise argparse.ArgumentTypeError(f"{text!r} is no UTC hour like 2026-10-05T12")
    try:
        dt.datetime.strptime(short, "%Y-%m-%dT%H").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no UTC hour like 2026-10-05T12") from error
    return short


def day(text: str) -> dt.date:
    """A UTC date as ``YYYY-MM-DD``."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-10-05") from error


def month(text: str) -> Period:
    """A UTC month as ``YYYY-MM``."""
    try:
        return Period.read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def instant(text: str) -> dt.datetime:
    """An instant in ISO 8601; without a zone it is UTC."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant like 2026-10-05T12:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def ordered(first: dt.date, last: dt.date) -> None:
    """Checks that a range of days is one.

    Raises:
        Stop: it ends before it begins.
    """
    if last < first:
        raise Stop(f"the range ends ({last}) before it begins ({first})")
