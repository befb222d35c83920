"""What some landings brought: a bronze table between two numbers of ``landed_in``."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from jobs.lake import delta
from jobs.lake.delta import Within
from jobs.steps.work import Work
from jobs.tables import REJECTED, SYNC_LINES, Table

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


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

    def received(self, work: Work) -> tuple[int, int]:
        """When the first and the last of their lines were received, Unix ms; the same line landed again says the same.

        Lines that do not say are left out; (0, 0) where none does.
        """
        with work.store.engine() as sql:
            sql.files("landed", SYNC_LINES, self.files(work, SYNC_LINES), self.condition)
            (span,) = sql.query("SELECT min(received_ms) AS least, max(received_ms) AS most FROM landed").to_pylist()
        return span["least"] or 0, span["most"] or 0

    def refusals_of_that_time(self, work: Work) -> list[Path]:
        """Files of refusals, as the last finished step left them, that may hold one of a line of these landings.

        A record's refusal tells when its line was received, a line's own does not.
        """
        least, most = (EPOCH + dt.timedelta(milliseconds=ms) for ms in self.received(work))
        asked: tuple[Within, ...] = ({"received_at": (least, most)}, {"received_at": {None}})
        return sorted({path for within in asked for path in work.files(REJECTED, within)})
