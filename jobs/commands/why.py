"""``podledger why``: an amount taken apart, without Spark."""

import argparse
import json

from jobs.commands.places import add_places, month, settings_of

ABOUT = "Say how a payee's amount of a month came about: pool, weights, shares, formulas, listens."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_places(parser)
    parser.add_argument("payee", metavar="PAYEE", help="as payees.csv names them")
    parser.add_argument("period", type=month, metavar="MONTH", help="month in which it was earned, like 2026-10")


def run(arguments: argparse.Namespace) -> int:
    """Prints it."""
    from jobs.steps.money.why import in_text, unpaid, unpaid_in_text, why

    asked = (settings_of(arguments).lake, arguments.payee, str(arguments.period))
    found, beside = why(*asked), unpaid(*asked)
    if arguments.json:
        print(json.dumps({"payee_id": arguments.payee, "items": found, "unpaid": beside}, ensure_ascii=False))
    else:
        print("\n".join([*(line for one in found for line in in_text(one)), *map(unpaid_in_text, beside)]))
    return 0
