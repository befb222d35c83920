"""The lake's tables: files that a version names, read and written by tasks that Spark spreads, committed to Delta."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from jobs.lake import delta
from jobs.lake.engine import Engine, engine
from jobs.lake.log import newest_version
from jobs.lake.memory import USUAL, Memory
from jobs.lake.parts import Part, as_old_as
from jobs.lake.tiers import HeldFile, alike, due
from jobs.tables import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Item = TypeVar("Item")
Result = TypeVar("Result")

SCRATCH = Path("_state") / "scratch"
DRIVER_THREADS = 2
DRIVER_MEMORY = "2GB"


class Store:
    """The tables of one lake, at ``<lake>/<layer>/<table>``. The Spark session is opened when it is first needed."""

    def __init__(self, lake: Path, open_spark: Callable[[], "SparkSession"], memory: Memory = USUAL) -> None:
        """A store over the lake in that folder, whose logs have such a memory."""
        self.lake = lake
        self._memory = memory
        self._open_spark = open_spark
        self._spark: SparkSession | None = None

    @property
    def spark(self) -> "SparkSession":
        """The session."""
        if self._spark is None:
            self._spark = self._open_spark()
        return self._spark

    @property
    def has_spark(self) -> bool:
        """Whether the session was needed so far."""
        return self._spark is not None

    @property
    def scratch(self) -> Path:
        """Where a step keeps files that nobody needs after it."""
        return self.lake / SCRATCH

    def clear_scratch(self) -> None:
        """Leaves the scratch folder empty."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)

    def spread(self, task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """What the task makes of each item, in their order: one Spark task an item."""
        if not items:
            return []
        results: list[Result] = self.spark.sparkContext.parallelize(items, len(items)).map(task).collect()
        return results

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An engine for what is too little to be spread."""
        with engine(self.scratch, DRIVER_THREADS, DRIVER_MEMORY) as opened:
            yield opened

    def folder(self, table: Table) -> Path:
        """Where the table lives."""
        return self.lake / table.name

    def exists(self, table: Table) -> bool:
        """Whether the table has a first version."""
        return newest_version(self.folder(table)) is not None

    def ensure(self, tables: Iterable[Table]) -> None:
        """Creates the tables that are not there yet, empty; others get what has been declared or set anew since."""
        for table in tables:
            if self.exists(table):
                delta.add_new_columns(self.folder(table), table)
                delta.keep_properties(self.folder(table), table, self._memory)
            else:
                delta.create(self.folder(table), table, self._memory)

    def files(self, table: Table, version: int | None = None, within: delta.Within | None = None) -> list[Path]:
        """The files of the table, now or at a version; none where it does not exist yet.

        ``within`` leaves out files that hold no row in question; the rows of the others need not all be.
        """
        if version == -1 or not self.exists(table):
            return []
        folder = self.folder(table)
        return [folder / file.path for file in delta.held_files(folder, version, within)]

    def newest_first(self, table: Table, column: str, within: delta.Within | None = None) -> list[Path]:
        """The files of the table as it is now, those with the greatest value in that column first."""
        folder = self.folder(table)
        return [folder / path for path in delta.newest_first(folder, column, None, within)]

    def differences(self, table: Table, since: int) -> tuple[list[Path], list[Path]]:
        """Files that are there now and were not at that version, and files that were and are not any more.

        Rows that stand in both did not change.
        """
        before, now = self.files(table, since), self.files(table)
        came, went = set(now).difference(before), set(before).difference(now)
        return sorted(came), sorted(went)

    def columns(self, table: Table) -> list[str]:
        """The columns that the table has."""
        return delta.columns(self.folder(table))

    def count(self, table: Table, version: int | None = None) -> int:
        """How many rows the table has, by its log."""
        if version == -1 or not self.exists(table):
            return 0
        return delta.count(self.folder(table), version)

    def about_on(self, table: Table, column: str, days: Set[dt.date], version: int | None = None) -> int:
        """About how many rows it has of these days, by the first and last in that column of each of its files."""
        if version == -1 or not self.exists(table):
            return 0
        return delta.about_on(self.folder(table), version, column, days)

    def add_parts(self, table: Table, parts: Sequence[Part]) -> None:
        """Adds files that tasks have written into the table's folder, in one commit; none makes no commit."""
        if parts:
            delta.commit(self.folder(table), table, parts)

    def add_few(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Adds these rows, without Spark."""
        delta.append(self.folder(table), table, rows)

    def replace_by_few(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Puts these rows in the place of all, without Spark."""
        delta.replace(self.folder(table), table, rows)

    def put(
        self,
        table: Table,
        parts: Sequence[Part],
        gone: pa.Table | None = None,
        held_in: Sequence[Path] | None = None,
    ) -> None:
        """Adds the files and takes out the rows that were there under the keys of ``gone``, in one commit.

        ``gone`` has columns of the table that together tell a row. Files that hold none of these keys stay;
        ``held_in`` says which files hold them, where that is known.
        """
        touched: list[HeldFile] = []
        written = list(parts)
        if gone is not None and gone.num_rows:
            folder = self.folder(table)
            held = {file.path: file for file in delta.held_files(folder)}
            with self.engine() as sql:
                sql.rows("gone", gone)
                names = ", ".join(f'"{name}"' for name in gone.column_names)
                if held_in is None:
                    held_in = sql.files_with([folder / path for path in sorted(held)], "gone", names)
                touched = [held[path.relative_to(folder).as_posix()] for path in held_in]
                for files in alike(touched):
                    sql.files("held", table, [folder / file.path for file in files])
                    rest = sql.write(folder, table, f"SELECT * FROM held ANTI JOIN gone USING ({names})")
                    written += as_old_as(max(file.at_ms for file in files), rest)
        if written or touched:
            delta.commit(self.folder(table), table, written, {file.path: file.size_bytes for file in touched})

    def remove_where(self, table: Table, condition: str) -> int:
        """Takes out the rows that meet the SQL condition; how many. Without any, the table keeps its version."""
        return delta.remove(self.folder(table), condition)

    def compact(self, table: Table, together: int, *, turn: bool) -> bool:
        """Puts old files of about one size together; whether there was anything to do (see :mod:`jobs.lake.tiers`)."""
        folder = self.folder(table)
        merged: dict[str, int] = {}
        written: list[Part] = []
        for files in due(delta.held_files(folder), table.file_bytes, together, turn=turn):
            with self.engine() as sql:
                sql.files("held", table, [folder / file.path for file in files])
                written += as_old_as(files[-1].at_ms, sql.write(folder, table, "FROM held"))
            merged |= {file.path: file.size_bytes for file in files}
        if merged:
            delta.commit(folder, table, written, merged, is_change=False)
        return bool(merged)

    def vacuum(self, table: Table, retention_h: int, kept_version: int) -> int:
        """Deletes files that no version of the last ``retention_h`` hours needs, nor that version; how many.

        Logs do not remember for ever that a file was taken out: that version may be of any age.
        """
        gone = set(delta.unneeded(self.folder(table), retention_h)).difference(self.files(table, kept_version))
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def restore(self, name: str, version: int) -> None:
        """Makes the table as it was at that version, by a commit of its own."""
        delta.restore(self.lake / name, version)
