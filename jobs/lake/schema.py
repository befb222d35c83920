"""A declared table as Arrow and Spark see it."""

from typing import TYPE_CHECKING, cast

import pyarrow as pa

from jobs.tables import Table
from jobs.tables.declare import BIGINT, BINARY, BOOLEAN, DATE, DOUBLE, INT, STRING, TIMESTAMP

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

PLAIN = {
    STRING: pa.string(),
    BINARY: pa.binary(),
    INT: pa.int32(),
    BIGINT: pa.int64(),
    DOUBLE: pa.float64(),
    BOOLEAN: pa.bool_(),
    DATE: pa.date32(),
    TIMESTAMP: pa.timestamp("us", "UTC"),
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


def spark_schema(table: Table) -> "StructType":
    """The table's Spark schema, comments included."""
    from pyspark.sql.types import StructType

    schema = cast(StructType, StructType.fromDDL(table.ddl))
    for field, column in zip(schema.fields, table.columns, strict=True):
        field.nullable = column.nullable
        field.metadata = {"comment": column.about}
    return schema


def declared(table: Table, rows: "DataFrame") -> "DataFrame":
    """The rows with just the declared columns, in order and type: the last thing before a write.

    A row that breaks the declaration fails the write, with the table, the column and the condition.
    """
    from pyspark.sql import functions as F

    columns = [F.col(column.name).cast(column.type).alias(column.name) for column in table.columns]
    first = table.columns[0].name
    checked = F.expr(f"CASE {' '.join(_refusals(table))} ELSE `{first}` END").alias(first)
    return rows.select(*columns).select(checked, *table.column_names[1:])


def _refusals(table: Table) -> list[str]:
    conditions = {f"{column.name} is null": f"{column.name} IS NULL" for column in table.columns if not column.nullable}
    conditions |= {check: f"NOT ({check})" for check in table.constraints.values()}
    said = {text: f"{table.name}: {text}".replace("'", "''") for text in conditions}
    return [f"WHEN {broken} THEN raise_error('{said[text]}')" for text, broken in conditions.items()]
