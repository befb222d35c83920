"""What some landings brought: a bronze table between two numbers of ``landed_in``."""

from dataclasses import dataclass
from pathlib import Path

from jobs.lake import delta
from jobs.lake.delta import Within
from jobs.steps.work import Work
from jobs.tables import Table


@dataclass(frozen=True, slots=True)
class Landings:
    """The landings from ``first`` to ``last``, both included."""

    first: int
    last: int

    @property
    def condition(self) -> str:
        """Which rows are theirs, in SQL."""
        return f"landed_in BETWEEN {self.first} AND {self.last}"

    @property
    def within(self) -> Within:
        """The same for choosing files by their statistics."""
        return {"landed_in": (self.first, self.last)}

    def files(self, work: Work, table: Table) -> list[Path]:
        """The files of a bronze table that hold what they brought, as the last finished step left it."""
        return work.files(table, self.within)

    def rows_in(self, work: Work, table: Table) -> int:
        """About how many rows they brought to a bronze table: all of the files that hold some."""
        version = work.state.tables.get(table.name)
        return 0 if version is None else delta.count(work.store.folder(table), version, self.within)
