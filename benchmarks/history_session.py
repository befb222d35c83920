"""Commands in a lake whose days pass in seconds.

Delta forgets files taken out by the clock of the machine, which no command can be told otherwise. Where a year passes
in an hour it would forget none, and its logs would grow as they never do: spans shrink as the days do.
"""

from collections.abc import Sequence

from jobs import cli
from jobs.lake import memory

DAY_S = 10
"""What a day takes here, its landing, its look without news, watching it and the young lake's day beside it included;
rather more than less."""


def main(arguments: Sequence[str]) -> int:
    """Perform a command of podledger; its exit code."""
    memory.removed_span = _shrunk
    return cli.main(arguments)


def _shrunk(number: int) -> str:
    return f"interval {number * DAY_S} seconds"
