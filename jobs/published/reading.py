"""Tables at the versions of a publication, through ``deltalake``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from jobs.errors import Stop
from jobs.lake.arrow import as_rows, table_of
from jobs.lake.files import read_json
from jobs.tables import BY_NAME

CURRENT = Path("_published") / "current.json"


@dataclass(frozen=True, slots=True)
class Publication:
    """What readers see: a number from 1, when it was published (Unix ms), and each table's Delta version."""

    number: int
    at_ms: int
    tables: dict[str, int]


def current(lake: Path) -> Publication | None:
    """The publication in force; None before the first."""
    content = read_json(lake / CURRENT)
    if content is None:
        return None
    return Publication(content["publication"], content["at_ms"], content["tables"])


def table(lake: Path, name: str, version: int) -> DeltaTable:
    """The table at that version."""
    return DeltaTable(str(lake / name), version=version)


def rows(lake: Path, name: str, version: int, where: str = "true", columns: str = "*") -> pa.Table:
    """Rows of the table at that version that meet a SQL condition; columns as SQL names them."""
    builder = QueryBuilder().register("t", table(lake, name, version))
    found = table_of(builder.execute(f"select {columns} from t where {where}"))
    return found.cast(pa.schema([field.with_type(_plain(field.type)) for field in found.schema]))


def published(lake: Path, name: str, where: str = "true", columns: str = "*") -> pa.Table:
    """Rows of a published table.

    Raises:
        Stop: nothing is published yet, or the table is not among what is.
    """
    publication = current(lake)
    if publication is None:
        raise Stop(f"nothing is published in {lake} yet: `podledger run` publishes")
    if name not in publication.tables:
        known = ", ".join(sorted(publication.tables))
        raise Stop(f"{name} is not published; there are {known}" if name in BY_NAME else f"no table {name}: {known}")
    return rows(lake, name, publication.tables[name], where, columns)


def looked_at(lake: Path, version: int | None) -> list[dict[str, Any]]:
    """The newest row about each landed file in ``bronze/landed_files`` at that version; none without one."""
    if version is None:
        return []
    looks = sorted(as_rows(rows(lake, "bronze/landed_files", version)), key=lambda row: row["landed_in"])
    return list({row["path"]: row for row in looks}.values())


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type without views, which pandas and others do not take everywhere."""
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    return kind


def state_of(lake: Path) -> dict[str, Any]:
    """The lake's own bookkeeping, as it stands; empty where there is none."""
    return read_json(lake / "_state" / "state.json") or {}
