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

    Where files went, these are read once, and what differs is kept: many queries ask for it, and they may be large.
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
        sql.files(f"{view}_in_came", table, rows.came, where, rows.columns)
        sql.files(f"{view}_in_went", table, rows.went, where)
        for side in ("came", "went"):
            _keep(sql, f"{view}_{side}", f"FROM {view}_in_{side}")
        _keep(sql, view, f"FROM {view}_came EXCEPT ALL FROM {view}_went")
        _keep(sql, f"{view}_gone", f"FROM {view}_went EXCEPT ALL FROM {view}_came")


def _keep(sql: Engine, name: str, query: str) -> None:
    """Works the query out now; where that fails, those that need it say what is the matter."""
    try:
        sql.keep(name, query)
    except duckdb.Error:
        sql.view(name, query)
