"""Which files of a table are worth putting together: old ones of about one size; the newest are left alone."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

SMALLEST_BYTES = 1024 * 1024
"""The smallest size is the one of which a file may be written anew more than once, until it is larger.

So tables that stay below it, as most do for long, have one old file and some new ones.
"""
FEW_BYTES = 256 * 1024
"""Files below this may be put together whenever rows of theirs are written anew."""


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file of a table: its path below the table's folder, its size, and how old its newest row is (Unix ms).

    A file that was put together from others is as old as the newest of them.
    """

    path: str
    size_bytes: int
    at_ms: int


def has_turn(day: int, place: int, together: int) -> bool:
    """Whether it is the day of a table that lies at that place in a list.

    Every day is that of some: tables mostly gain a file a day, and would all be put together on the same day. Lines,
    records and events, of which there are most, are neighbours in the list or lie one round apart: on different days.
    """
    days = max(1, together)
    return (day + place + place // days) % days == 0


def due(files: Iterable[HeldFile], file_bytes: int, together: int, *, turn: bool) -> list[list[HeldFile]]:
    """Groups of files to be put together, each into one, oldest first.

    The newest stay as they are, one less than ``together``: rows that change are mostly young ones, and what is new is
    looked up most. Of the others, ``together`` of one size make a group, or more that are there; without a ``turn``,
    twice as many. Those from half of ``file_bytes`` on are large enough. Sizes begin at 1 MB, and each is ``together``
    times the one before. So a row is written anew about once for each size, however long the history grows.
    """
    growth = max(2, together)
    least = growth if turn else 2 * growth
    oldest_first = sorted(files, key=lambda file: (file.at_ms, file.path))
    sizes: dict[int, list[HeldFile]] = {}
    for file in oldest_first[: max(0, len(oldest_first) - max(0, together - 1))]:
        if file.size_bytes < file_bytes // 2:
            sizes.setdefault(_size(file.size_bytes, growth), []).append(file)
    return [group for group in sizes.values() if len(group) >= least]


def alike(files: Iterable[HeldFile]) -> list[list[HeldFile]]:
    """The same files in groups of which the rows may go into one file: small ones all together, others alone."""
    small: list[HeldFile] = []
    large: list[list[HeldFile]] = []
    for file in files:
        if file.size_bytes < FEW_BYTES:
            small.append(file)
        else:
            large.append([file])
    return [small, *large] if small else large


def _size(size_bytes: int, growth: int) -> int:
    if size_bytes < SMALLEST_BYTES:
        return 0
    return 1 + int(math.log(size_bytes / SMALLEST_BYTES, growth))
