"""What a publication puts in question, and how many rows a query of the suites finds against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from jobs.lake.engine import Engine, engine
from jobs.tables import BY_NAME


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table: those in files that came and are not in files that went; the others are its ``gone`` ones.

    Of both only those that meet ``where`` are in question, and where the table is cut into shares those of the share.
    ``columns`` are those that the table has. Of a table that is in question as a whole, all rows that were are gone,
    and all that are came.
    """

    columns: list[str]
    came: list[Path]
    went: list[Path] = field(default_factory=list)
    where: str = "true"
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Queries over the views of tables, in one share of the devices or all (``share`` is then null)."""

    scratch: Path
    tables: Mapping[str, Rows]
    queries: list[str]
    share: str | None = None


def view_name(table: str) -> str:
    """The name under which suites and SQL know a table: ``silver/listens`` is ``silver_listens``."""
    return table.replace("/", "_")


def rows_found(question: Question) -> dict[str, int | str]:
    """How many rows each query finds; where one breaks, why it broke."""
    found: dict[str, int | str] = {}
    with engine(question.scratch) as sql:
        name_views(sql, question)
        for query in question.queries:
            try:
                found[query] = sql.value(f"SELECT count(*) FROM ({query})")
            except duckdb.Error as error:
                found[query] = str(error)
    return found


def name_views(sql: Engine, question: Question) -> None:
    """Every table is a view for the SQL of all suites, and so is what is ``gone`` of it.

    Where files went, what differs is found once and kept: many queries ask for it, and these files may be large.
    """
    for name, rows in question.tables.items():
        table, view = BY_NAME[name], view_name(name)
        where = rows.where
        if question.share is not None and "bucket" in table.column_names:
            where = f"({where}) AND {question.share}"
        if rows.is_whole or not rows.went:
            sql.files(view, table, rows.came, where, rows.columns)
            sql.files(f"{view}_gone", table, rows.went, where)
            continue
        sql.files(f"{view}_came", table, rows.came, where, rows.columns)
        sql.files(f"{view}_went", table, rows.went, where)
        for kept, one, other in ((view, "came", "went"), (f"{view}_gone", "went", "came")):
            differing = f"FROM {view}_{one} EXCEPT ALL FROM {view}_{other}"
            try:
                sql.keep(kept, differing)
            except duckdb.Error:
                sql.view(kept, differing)  # a query that needs it says what is the matter
