"""A declared table as Arrow and DuckDB see it."""

import pyarrow as pa

from jobs.tables import Table
from jobs.tables.declare import BIGINT, BINARY, BOOLEAN, DATE, DOUBLE, INT, STRING, TIMESTAMP, WEIGHT

PLAIN = {
    STRING: pa.string(),
    BINARY: pa.binary(),
    INT: pa.int32(),
    BIGINT: pa.int64(),
    DOUBLE: pa.float64(),
    WEIGHT: pa.decimal128(38, 0),
    BOOLEAN: pa.bool_(),
    DATE: pa.date32(),
    TIMESTAMP: pa.timestamp("us", "UTC"),
}

DUCKDB = {
    STRING: "VARCHAR",
    BINARY: "BLOB",
    INT: "INTEGER",
    BIGINT: "BIGINT",
    DOUBLE: "DOUBLE",
    WEIGHT: "DECIMAL(38,0)",
    BOOLEAN: "BOOLEAN",
    DATE: "DATE",
    TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
}


def arrow_schema(table: Table) -> pa.Schema:
    """The table's columns as Arrow types them; instants are UTC, to the microsecond."""
    return pa.schema(
        [pa.field(column.name, arrow_type(column.type), nullable=column.nullable) for column in table.columns]
    )


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a declared type, as Spark SQL writes it."""
    if kind in PLAIN:
        return PLAIN[kind]
    outer, _, rest = kind.partition("<")
    parts = _parts(rest.removesuffix(">"))
    if outer == "ARRAY":
        return pa.list_(arrow_type(parts[0]))
    if outer == "MAP":
        return pa.map_(arrow_type(parts[0]), arrow_type(parts[1]))
    named = (part.split(":", 1) for part in parts)
    return pa.struct([pa.field(name.strip(), arrow_type(inner.strip())) for name, inner in named])


def duckdb_columns(table: Table) -> dict[str, str]:
    """The table's columns as DuckDB types them."""
    return {column.name: _duckdb_type(column.type) for column in table.columns}


def _duckdb_type(kind: str) -> str:
    if kind in DUCKDB:
        return DUCKDB[kind]
    outer, _, rest = kind.partition("<")
    inner = _parts(rest.removesuffix(">"))
    if outer == "ARRAY":
        return f"{_duckdb_type(inner[0])}[]"
    if outer == "MAP":
        return f"MAP({_duckdb_type(inner[0])}, {_duckdb_type(inner[1])})"
    named = (part.split(":", 1) for part in inner)
    return "STRUCT(" + ", ".join(f"{name.strip()} {_duckdb_type(part.strip())}" for name, part in named) + ")"


def as_declared(table: Table, rows: str) -> str:
    """A query for the rows with just the declared columns, in order and type: the last thing before a write.

    A row that breaks the declaration fails the query, with the table, the column and the condition.
    """
    columns = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in duckdb_columns(table).items())
    checks = {f"{column.name} is null": f'"{column.name}" IS NULL' for column in table.columns if not column.nullable}
    checks |= {check: f"NOT ({check})" for check in table.constraints.values()}
    cases = " ".join(f"WHEN {broken} THEN error({quoted(f'{table.name}: {said}')})" for said, broken in checks.items())
    return f"SELECT {columns} FROM ({rows}) AS r WHERE CASE {cases} ELSE true END"


def quoted(value: str) -> str:
    """The text as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def _parts(text: str) -> list[str]:
    """What stands between the commas that are in no brackets of their own."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "<") - (letter == ">")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
