"""The one place that writes Delta tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from delta.tables import DeltaMergeBuilder, DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lake.log import newest_version
from jobs.lake.schema import declared, spark_schema
from jobs.tables import Table

LOG_KEPT = "interval 400 days"


class Store:
    """The lake's tables, through one Spark session. Paths are ``<lake>/<layer>/<table>``."""

    def __init__(self, lake: Path, spark: SparkSession) -> None:
        """A store over the lake in that folder."""
        self.lake = lake
        self.spark = spark

    def path(self, table: Table) -> str:
        """Where the table lives."""
        return str(self.lake / table.name)

    def exists(self, table: Table) -> bool:
        """Whether the table has a first version."""
        return newest_version(self.lake / table.name) is not None

    def ensure(self, tables: Iterable[Table]) -> None:
        """Creates those of the tables that are not there yet, empty, with schema, comments and constraints."""
        for table in tables:
            if not self.exists(table):
                self._create(table)

    def _create(self, table: Table) -> None:
        schema = spark_schema(table)
        builder = (
            DeltaTable.createIfNotExists(self.spark)
            .location(self.path(table))
            .comment(table.about)
            .addColumns(schema)
            .property("delta.logRetentionDuration", LOG_KEPT)
            .property("delta.enableDeletionVectors", "false")
            .property("delta.enableChangeDataFeed", str(table.changes).lower())
        )
        if table.skip_by:
            builder = builder.property("delta.dataSkippingStatsColumns", ",".join(table.skip_by))
        for name, condition in table.constraints.items():
            builder = builder.property(f"delta.constraints.{name}", condition)
        if table.partition_by:
            builder = builder.partitionedBy(*table.partition_by)
        builder.execute()

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """The table's rows, now or at a version; none where it does not exist yet."""
        if not self.exists(table) or version == -1:
            return self.spark.createDataFrame([], spark_schema(table))
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(table))

    def changes(self, table: Table, since: int) -> DataFrame:
        """Rows that came (``insert``, ``update_postimage``) or went after that version, by the change feed."""
        if since < 0:
            return self.read(table).withColumn("_change_type", F.lit("insert"))
        if newest_version(self.lake / table.name) == since:
            return self.read(table).where(F.lit(False)).withColumn("_change_type", F.lit(""))
        reader = self.spark.read.format("delta").option("readChangeFeed", "true")
        return reader.option("startingVersion", since + 1).load(self.path(table))

    def append(self, table: Table, rows: DataFrame) -> None:
        """Adds the rows."""
        declared(table, rows).write.format("delta").mode("append").save(self.path(table))

    def replace(self, table: Table, rows: DataFrame, where: str | None = None) -> None:
        """Puts the rows in the place of all rows, or of those that meet the condition."""
        writer = declared(table, rows).write.format("delta").mode("overwrite")
        if where is not None:
            writer = writer.option("replaceWhere", where)
        writer.save(self.path(table))

    def upsert(self, table: Table, rows: DataFrame, within: str = "true") -> None:
        """Puts the rows in the place of those with the same key, and adds those that are new.

        ``within`` is a condition on ``old``, the table's rows, that lets Delta skip files.
        """
        self._merge(table, rows, within).whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()

    def update(self, table: Table, rows: DataFrame, within: str = "true") -> None:
        """Like :meth:`upsert`, for rows whose key is there."""
        self._merge(table, rows, within).whenMatchedUpdateAll().execute()

    def apply(self, table: Table, rows: DataFrame, gone: str, within: str = "true") -> None:
        """Like :meth:`upsert`, but rows that meet the condition ``gone`` on ``new`` are taken out instead."""
        condition = f"({within}) AND " + " AND ".join(f"old.`{name}` <=> new.`{name}`" for name in table.key)
        kept = {name: f"new.`{name}`" for name in table.column_names}
        (
            DeltaTable.forPath(self.spark, self.path(table))
            .alias("old")
            .merge(rows.alias("new"), condition)
            .whenMatchedDelete(gone)
            .whenMatchedUpdate(set=kept)  # type: ignore[arg-type]
            .whenNotMatchedInsert(condition=f"NOT ({gone})", values=kept)  # type: ignore[arg-type]
            .execute()
        )

    def remove(self, table: Table, keys: DataFrame, on: Sequence[str], within: str = "true") -> None:
        """Takes out the rows whose columns ``on`` equal one of the keys, which are distinct."""
        condition = f"({within}) AND " + " AND ".join(f"old.`{name}` <=> new.`{name}`" for name in on)
        target = DeltaTable.forPath(self.spark, self.path(table)).alias("old")
        target.merge(keys.alias("new"), condition).whenMatchedDelete().execute()

    def remove_where(self, table: Table, condition: str) -> None:
        """Takes out the rows that meet the SQL condition; without any, the table keeps its version."""
        if self.read(table).where(condition).head(1):
            DeltaTable.forPath(self.spark, self.path(table)).delete(condition)

    def compact(self, table: Table, small_files: int) -> bool:
        """Puts files together where a partition has more than so many; whether there was anything to do."""
        table_now = DeltaTable.forPath(self.spark, self.path(table))
        files = table_now.detail().select("numFiles").collect()[0][0]
        partitions = self.read(table).select(*table.partition_by).distinct().count() if table.partition_by else 1
        if files <= small_files * max(1, partitions):
            return False
        table_now.optimize().executeCompaction()
        return True

    def vacuum(self, table: Table, retention_h: int) -> None:
        """Deletes files that no version of the last ``retention_h`` hours needs."""
        DeltaTable.forPath(self.spark, self.path(table)).vacuum(retention_h)

    def restore(self, name: str, version: int) -> None:
        """Makes the table as it was at that version, by a commit of its own."""
        DeltaTable.forPath(self.spark, str(self.lake / name)).restoreToVersion(version)

    def _merge(self, table: Table, rows: DataFrame, within: str) -> DeltaMergeBuilder:
        condition = f"({within}) AND " + " AND ".join(f"old.`{name}` <=> new.`{name}`" for name in table.key)
        target = DeltaTable.forPath(self.spark, self.path(table)).alias("old")
        return target.merge(declared(table, rows).alias("new"), condition)
