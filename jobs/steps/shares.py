"""Shares of the devices: everything of a device belongs to one, so each is worked by itself."""

from dataclasses import dataclass

from jobs.lake.delta import Within
from jobs.lake.parts import MOST_RANGES
from jobs.tables.bronze import BUCKETS

ROWS_OF_SHARE = 400_000
WORTH_TWO_READS = 2
"""How many times as large a share may be where finer ones would read row groups of their neighbours."""


@dataclass(frozen=True, slots=True)
class Share:
    """The buckets from ``low`` to ``high``, both included."""

    low: int = 0
    high: int = BUCKETS - 1

    @property
    def condition(self) -> str:
        """Which rows are of this share, in SQL."""
        return f"bucket BETWEEN {self.low} AND {self.high}"

    @property
    def within(self) -> Within:
        """The same for choosing files by their statistics."""
        return {"bucket": (self.low, self.high)}


def shares(rows: int, rows_of_share: int = ROWS_OF_SHARE) -> list[Share]:
    """Shares of about so many rows each: a power of two of them, as row groups are cut, two from a tenth on.

    Of more than `MOST_RANGES`, two and more read each row group, and all open every file; they are cut later.
    """
    number = 1
    while number < BUCKETS and rows > number * _most_rows(number, rows_of_share):
        number *= 2
    width = BUCKETS // number
    return [Share(low, low + width - 1) for low in range(0, BUCKETS, width)]


def _most_rows(number: int, rows_of_share: int) -> int:
    """How many rows a share has at most, when there are so many."""
    if number == 1:
        return rows_of_share // 10
    return rows_of_share if number < MOST_RANGES else rows_of_share * WORTH_TWO_READS
