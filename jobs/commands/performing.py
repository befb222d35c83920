"""Performing steps from the command line: the lake held, the steps done in order, the answer given."""

import argparse
import datetime as dt
import json
import sys
import time
from collections.abc import Sequence

from jobs.commands.places import add_places, instant, settings_of
from jobs.errors import Stop
from jobs.lake.lock import exclusive
from jobs.published.reading import current
from jobs.steps.work import Report, Step, Work, perform


def add_work(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of every command that works on the lake."""
    add_places(parser, landing=True)
    parser.add_argument("--now", type=instant, metavar="INSTANT", help="instant of this work (default: now)")


def add_vouching(parser: argparse.ArgumentParser) -> None:
    """Adds ``--vouched``, by which Airflow's workers say whom Airflow has authenticated."""
    parser.add_argument(
        "--vouched",
        action="store_true",
        help='read for whom this is done from standard input, as {"airflow": USER}; for Airflow\'s workers',
    )


def _vouched_for(arguments: argparse.Namespace) -> str | None:
    """The user of Airflow that standard input names, where it is to be asked.

    Raises:
        Stop: it names none.
    """
    if not getattr(arguments, "vouched", False):
        return None
    try:
        said = json.load(sys.stdin)["airflow"]
    except (ValueError, KeyError, TypeError) as error:
        raise Stop('--vouched wants {"airflow": USER} on standard input: it is for Airflow\'s workers') from error
    if not isinstance(said, str) or not said:
        raise Stop(f"--vouched: {said!r} is no user of Airflow")
    return said


def perform_all(arguments: argparse.Namespace, name: str, steps: Sequence[Step]) -> int:
    """Performs the steps in order, each only if there is news for it; returns the exit code."""
    settings = settings_of(arguments)
    started = time.monotonic()
    speak = sys.stderr if arguments.json else sys.stdout
    work = Work(
        settings=settings,
        now=arguments.now or dt.datetime.now(dt.UTC),
        say=lambda text: print(text, file=speak, flush=True),
        ahead=[step.ahead for step in steps if step.ahead is not None],
        vouched_for=_vouched_for(arguments),
    )
    with exclusive(settings.lake, name, settings.lock_wait_s, work.say):
        try:
            reports = [perform(step, work) for step in steps]
        finally:
            work.close()
    _answer(arguments, name, work, reports, time.monotonic() - started)
    return 0


def _answer(arguments: argparse.Namespace, name: str, work: Work, reports: list[Report], seconds: float) -> None:
    publication = current(work.settings.lake)
    if arguments.json:
        content = {
            "step": name,
            "seconds": round(seconds, 3),
            "news": any(report.news for report in reports),
            "steps": [report.as_json() for report in reports],
            "versions": work.state.tables,
            "publication": None if publication is None else publication.number,
        }
        print(json.dumps(content), flush=True)
        return
    if not any(report.news for report in reports):
        print(f"{name}: nothing new, nothing changed ({seconds:.1f} s)")
    versions = ", ".join(f"{table} v{version}" for table, version in sorted(work.state.tables.items()))
    print(f"lake versions: {versions}")
