"""``podledger status``: how the lake stands, without Spark."""

import argparse
import datetime as dt
import json
from typing import Any

from jobs.commands.places import add_places, settings_of

ABOUT = "Say what is landed, counted and published, how late it is, and which check failed."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_places(parser, landing=True)


def run(arguments: argparse.Namespace) -> int:
    """Prints the status."""
    from jobs.published.status import status

    settings = settings_of(arguments)
    found = status(settings.lake, settings.landing, dt.datetime.now(dt.UTC))
    print(json.dumps(found, ensure_ascii=False) if arguments.json else "\n".join(_lines(found)))
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    landing, published, newest = found["landing"], found["published"], found["newest"]
    lines = [
        f"lake       {found['lake']}",
        f"landed     {landing['files']:,} files from {landing['folder']}, {landing['waiting']:,} waiting",
        f"catalogue  {'in force' if found['catalogue']['in_force'] else 'none in force'}",
        f"counted    {found['counted_landings']} of {found['landings']} landings",
    ]
    if found["busy_with"]:
        lines.append(f"busy       {found['busy_with']}")
    if newest:
        lines.append(f"newest     batch received {newest['received_at']}, {_age(newest['age_s'])} ago")
    if published:
        at = f"{published['at']}, {_age(published['age_s'])} ago"
        lines.append(f"published  publication {published['publication']}, {at}")
    else:
        lines.append("published  nothing yet: `podledger run` publishes")
    lines.append(f"pending    {', '.join(found['pending']) or 'nothing'}")
    lines += [f"damaged    {entry}; see docs/runbooks/damaged-file.md" for entry in landing["damaged"]]
    faults = found["catalogue"]["faults"]
    lines += [f"refused    catalogue: {fault}; see docs/runbooks/catalogue.md" for fault in faults]
    lines += [f"check      {entry}; see docs/runbooks/gate.md" for entry in found["failed_checks"]]
    lines += [
        f"rejected   draft {one['draft_no']} of {one['settlement_period']} by {one['by']}: {one['reason']}; "
        "see docs/runbooks/close.md"
        for one in found["rejected_drafts"]
    ]
    return lines


def _age(seconds: int) -> str:
    """How long ago, in words."""
    if seconds < 0:
        return "by a clock ahead of this one, not"
    for unit, length_s in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length_s:
            count = seconds // length_s
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"
