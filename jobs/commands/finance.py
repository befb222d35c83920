"""``podledger finance``."""

import argparse
import sys

from jobs.commands.performing import add_work, perform_all
from jobs.commands.places import settings_of
from jobs.errors import EXIT_STOP

ABOUT = "Read the files that finance keeps: the new set takes effect whole, or is refused with every fault."

configure = add_work


def run(arguments: argparse.Namespace) -> int:
    """Performs the step; 1 while the newest set is a refused one."""
    from jobs.published.reading import rows, state_of
    from jobs.steps.money.finance import FINANCE_STEP
    from jobs.tables import FINANCE_SETS

    perform_all(arguments, "finance", [FINANCE_STEP])
    lake = settings_of(arguments).lake
    newest = max(
        rows(lake, FINANCE_SETS.name, state_of(lake)["tables"][FINANCE_SETS.name]).to_pylist(),
        key=lambda row: row["set_no"],
    )
    if newest["in_force"]:
        return 0
    print(
        f"podledger: finance set {newest['set_no']} is refused for {len(newest['faults'])} faults, the one before "
        "stays in force: mend the lines named and read the files again, see docs/payouts.md",
        file=sys.stderr,
    )
    return EXIT_STOP
