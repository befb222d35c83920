"""SQL over the files of tables, inside one task or on the driver: DuckDB on one thread, in bounded memory.

Spark spreads the work over shares of the devices; within a share rows stay columns, from file to file.
"""

import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from jobs.lake.parts import Part, PartWriter
from jobs.lake.schema import as_declared, duckdb_columns, quoted
from jobs.tables import Table

MEMORY = "1GB"
ROWS_AT_ONCE = 100_000
_NAMING = ", filename = 'found_in'"


class Engine:
    """One connection. Tables are views by name; what is kept is made once and read often."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Over an open connection; see :func:`engine`."""
        self._connection = connection

    def files(
        self,
        name: str,
        table: Table,
        paths: Sequence[Path],
        where: str = "true",
        columns: Sequence[str] | None = None,
        *,
        with_file: bool = False,
    ) -> None:
        """A view of the rows of these files of the table that meet the condition, with the columns it declares.

        ``columns`` are those that it really has, where that is in doubt; ``with_file`` adds ``found_in``, the path of
        the file that holds the row.
        """
        if paths:
            names = ", ".join(f'"{column}"' for column in columns or table.column_names)
            where_from = (", found_in", _NAMING) if with_file else ("", "")
            source = f"SELECT {names}{where_from[0]} FROM {_read(paths, where_from[1])}"
        else:
            kinds = duckdb_columns(table) | ({"found_in": "VARCHAR"} if with_file else {})
            nulls = ", ".join(f'NULL::{kind} AS "{column}"' for column, kind in kinds.items())
            source = f"SELECT {nulls} WHERE false"
        self._connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT * FROM ({source}) WHERE {where}')

    def rows(self, name: str, rows: pa.Table) -> None:
        """A view of rows that are in memory."""
        self._connection.register(name, rows)

    def view(self, name: str, query: str) -> None:
        """A name for a query."""
        self._connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {query}')

    def keep(self, name: str, query: str) -> None:
        """The query's rows, worked out now."""
        self._connection.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {query}')

    def query(self, query: str) -> pa.Table:
        """The query's rows."""
        return self._connection.execute(query).to_arrow_table()

    def value(self, query: str) -> int:
        """The one whole number that the query finds; 0 for null."""
        (row,) = self._connection.execute(query).fetchall()
        return int(row[0] or 0)

    def days(self, name: str, column: str = "listen_day") -> str:
        """The condition that a date is one of those in the relation, for which readers can leave out row groups."""
        days = self._connection.execute(f'SELECT DISTINCT {column} FROM "{name}" ORDER BY 1').fetchall()
        listed = ", ".join(f"DATE '{day}'" for (day,) in days)
        return f"{column} IN ({listed})" if days else "false"

    def saved(self, name: str, paths: Sequence[Path], like: str) -> None:
        """A view of files that :meth:`save` wrote; without any, of no rows with the columns of the query ``like``."""
        source = f"FROM {_read(paths)}" if paths else f"FROM ({like}) LIMIT 0"
        self._connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {source}')

    def save(self, scratch: Path, query: str) -> Path:
        """Writes the query's rows to a Parquet file of its own in the scratch folder."""
        path = scratch / f"{uuid.uuid4()}.parquet"
        self._connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 8192)")
        return path

    def files_with(self, paths: Sequence[Path], wanted: str, names: str) -> list[Path]:
        """Which of these files hold a row whose columns ``names`` are as in one of ``wanted``."""
        if not paths:
            return []
        source = _read(paths, _NAMING)
        held = f"SELECT {names}, found_in FROM {source}"
        found = self._connection.execute(f"SELECT DISTINCT found_in FROM ({held}) SEMI JOIN {wanted} USING ({names})")
        return sorted(Path(name) for (name,) in found.fetchall())

    def write(self, folder: Path, table: Table, query: str) -> list[Part]:
        """Writes the query's rows into the table's folder, as declared and in the table's order; the parts.

        Raises:
            duckdb.Error: a row breaks the declaration; the text says which condition.
        """
        writer = PartWriter(folder, table)
        for batch in self._connection.execute(as_declared(table, query)).to_arrow_reader(ROWS_AT_ONCE):
            writer.write(batch)
        return writer.close()


def _read(paths: Sequence[Path], options: str = "") -> str:
    listed = ", ".join(quoted(str(path)) for path in paths)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false{options})"


@contextmanager
def engine(scratch: Path, threads: int = 1, memory: str = MEMORY) -> Iterator[Engine]:
    """An engine of its own; what does not fit into memory goes to a folder of its own in the scratch folder.

    Two engines in one folder would take each other's files for theirs.
    """
    spilled = scratch / f"spilled-{uuid.uuid4()}"
    config: Mapping[str, str | int] = {"threads": threads, "memory_limit": memory, "temp_directory": str(spilled)}
    connection = duckdb.connect(config=dict(config))
    try:
        connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        connection.execute("SET parquet_metadata_cache = true")
        yield Engine(connection)
    finally:
        connection.close()
        shutil.rmtree(spilled, ignore_errors=True)
