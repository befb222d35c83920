"""What some landings brought: a bronze table between two numbers of ``landed_in``."""

from dataclasses import dataclass

from pyspark.sql import DataFrame

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

    def of(self, work: Work, table: Table) -> DataFrame:
        """What they brought to a bronze table, as the last finished step left it."""
        return work.read(table, within={"landed_in": (self.first, self.last)}).where(self.condition)
