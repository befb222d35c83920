"""Footers of Parquet files that are read again and again: kept in this process, as long as they take little."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

KEPT_BYTES = 16 * 1024 * 1024
"""So much of footers is kept, as long as in their files; those used last stay."""
Bounds = tuple[Any, Any] | None
"""The least and the greatest value of a column in a row group; None where its writer did not say."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file says of its row groups: all, and of some columns the bounds in each group."""

    metadata: pq.FileMetaData
    bounds: Sequence[tuple[Bounds, ...]]


class _Kept:
    """Footers by file and columns."""

    def __init__(self) -> None:
        self._footers: OrderedDict[tuple[Path, tuple[str, ...]], Footer] = OrderedDict()
        self._bytes = 0

    def get(self, path: Path, columns: tuple[str, ...]) -> Footer:
        """A footer, read where it is not kept."""
        footer = self._footers.pop((path, columns), None)
        if footer is None:
            footer = _read(path, columns)
            self._bytes += footer.metadata.serialized_size
        self._footers[path, columns] = footer
        while self._bytes > KEPT_BYTES:
            _, oldest = self._footers.popitem(last=False)
            self._bytes -= oldest.metadata.serialized_size
        return footer


_kept = _Kept()


def footer_of(path: Path, columns: Sequence[str]) -> Footer:
    """The footer of a file that never changes, with the bounds of these columns."""
    return _kept.get(path, tuple(columns))


def _read(path: Path, columns: tuple[str, ...]) -> Footer:
    metadata = pq.read_metadata(path)
    places = [metadata.schema.names.index(name) for name in columns]
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    return Footer(metadata, [tuple(_bounds(group.column(place).statistics) for place in places) for group in groups])


def _bounds(statistics: pq.Statistics | None) -> Bounds:
    return (statistics.min, statistics.max) if statistics is not None and statistics.has_min_max else None
