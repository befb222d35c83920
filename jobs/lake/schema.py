"""A declared table as Spark sees it."""

from typing import cast

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from jobs.tables import Table


def spark_schema(table: Table) -> StructType:
    """The table's Spark schema, comments included."""
    schema = cast(StructType, StructType.fromDDL(table.ddl))
    for field, column in zip(schema.fields, table.columns, strict=True):
        field.nullable = column.nullable
        field.metadata = {"comment": column.about}
    return schema


def declared(table: Table, rows: DataFrame) -> DataFrame:
    """The rows with just the declared columns, in order and type: the last thing before a write."""
    return rows.select(*(F.col(column.name).cast(column.type).alias(column.name) for column in table.columns))
