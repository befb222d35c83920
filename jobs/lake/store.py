"""The lake's tables: read as files that a version names, written through Delta, by Spark where it is worth it."""

import functools
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lake import delta
from jobs.lake.log import newest_version
from jobs.lake.parts import Part, staged
from jobs.lake.schema import declared, spark_schema
from jobs.tables import Table

STAGING = "_staging"
SHUFFLED_BYTES = 24 * 1024 * 1024
"""How much Parquet a shuffle partition is for: about ten times as much in memory."""


class Store:
    """The tables of one lake, at ``<lake>/<layer>/<table>``. The Spark session is opened when it is first needed."""

    def __init__(self, lake: Path, open_spark: Callable[[], SparkSession]) -> None:
        """A store over the lake in that folder."""
        self.lake = lake
        self._open_spark = open_spark
        self._spark: SparkSession | None = None

    @property
    def spark(self) -> SparkSession:
        """The session."""
        if self._spark is None:
            self._spark = self._open_spark()
        return self._spark

    @property
    def has_spark(self) -> bool:
        """Whether the session was needed so far."""
        return self._spark is not None

    def folder(self, table: Table) -> Path:
        """Where the table lives."""
        return self.lake / table.name

    def exists(self, table: Table) -> bool:
        """Whether the table has a first version."""
        return newest_version(self.folder(table)) is not None

    def ensure(self, tables: Iterable[Table]) -> None:
        """Creates the tables that are not there yet, empty; those of an earlier release get their new columns."""
        for table in tables:
            shutil.rmtree(self.folder(table) / STAGING, ignore_errors=True)  # of a run that was killed
            if self.exists(table):
                delta.add_new_columns(self.folder(table), table)
            else:
                delta.create(self.folder(table), table)

    def read(self, table: Table, version: int | None = None, within: delta.Within | None = None) -> DataFrame:
        """The table's rows, now or at a version; none where it does not exist yet.

        ``within`` leaves out files that hold no row in question; the rows of the others all come.
        """
        if version == -1 or not self.exists(table):
            return self._rows_of(table, {})
        return self._rows_of(table, delta.files(self.folder(table), version, within))

    def differences(self, table: Table, since: int) -> tuple[DataFrame, DataFrame]:
        """Rows that are there now and were not at that version, and rows that were and are not any more."""
        before = delta.files(self.folder(table), since) if since >= 0 else {}
        now = delta.files(self.folder(table))
        came = self._rows_of(table, {path: size for path, size in now.items() if path not in before})
        went = self._rows_of(table, {path: size for path, size in before.items() if path not in now})
        if before.keys() <= now.keys():
            return came, went
        return came.exceptAll(went), went.exceptAll(came)

    def count(self, table: Table, version: int | None = None) -> int:
        """How many rows the table has, by its log."""
        return delta.count(self.folder(table), version) if version != -1 and self.exists(table) else 0

    def append(self, table: Table, rows: DataFrame) -> None:
        """Adds the rows, by one commit; without any, the table keeps its version."""
        self.add_parts(table, self._stage(table, declared(table, rows)))

    def _stage(self, table: Table, rows: DataFrame) -> list[Part]:
        """Writes the rows, as declared, to files in the table's folder that no commit names yet."""
        folder = self.folder(table)
        staging = folder / STAGING / str(uuid.uuid4())
        writer = rows.write
        for name in table.distinct:
            writer = writer.option(f"parquet.enable.dictionary#{name}", "false")
        if table.partition_by:
            writer = writer.partitionBy(*table.partition_by)
        writer.parquet(str(staging))
        return staged(folder, table, staging)

    def add_parts(self, table: Table, parts: Sequence[Part]) -> None:
        """Adds files that tasks have written into the table's folder, in one commit."""
        if parts:
            delta.commit(self.folder(table), table, parts)

    def add_few(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Adds these rows, without Spark."""
        delta.append(self.folder(table), table, rows)

    def replace_by_few(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Puts these rows in the place of all, without Spark."""
        delta.replace(self.folder(table), table, rows)

    def put(self, table: Table, rows: DataFrame | None = None, gone: DataFrame | None = None) -> None:
        """Puts the rows, one a key, in the place of those with their keys, and adds those that are new; one commit.

        Rows whose key is among ``gone`` (its columns at least) are taken out. Files that hold none of the keys stay.
        """
        key = list(table.key)
        held = declared(table, rows).persist() if rows is not None else None
        keys = held.select(key) if held is not None else None
        if gone is not None:
            keys = gone.select(key) if keys is None else keys.unionByName(gone.select(key))
        if keys is None:
            return
        touched = self._files_with(table, keys.persist())
        written = [] if held is None else [held]
        if touched:
            written.append(self._rows_of(table, touched).join(keys, key, "left_anti").select(*table.column_names))
        parts = self._stage(table, functools.reduce(DataFrame.unionByName, written)) if written else []
        if parts or touched:
            delta.commit(self.folder(table), table, parts, touched)
        keys.unpersist()
        if held is not None:
            held.unpersist()

    def remove_where(self, table: Table, condition: str) -> int:
        """Takes out the rows that meet the SQL condition; how many. Without any, the table keeps its version."""
        return delta.remove(self.folder(table), condition)

    def compact(self, table: Table, small_files: int) -> bool:
        """Puts files together where a partition has more than so many; whether there was anything to do."""
        files = delta.files(self.folder(table))
        partitions = len({Path(path).parent for path in files})
        if len(files) <= small_files * max(1, partitions):
            return False
        DeltaTable.forPath(self.spark, str(self.folder(table))).optimize().executeCompaction()
        return True

    def vacuum(self, table: Table, retention_h: int) -> None:
        """Deletes files that no version of the last ``retention_h`` hours needs."""
        DeltaTable.forPath(self.spark, str(self.folder(table))).vacuum(retention_h)

    def restore(self, name: str, version: int) -> None:
        """Makes the table as it was at that version, by a commit of its own."""
        delta.restore(self.lake / name, version)

    def _rows_of(self, table: Table, files: Mapping[str, int]) -> DataFrame:
        self._make_room(sum(files.values()))
        schema = spark_schema(table)
        if not files:
            nothing = [F.lit(None).cast(field.dataType).alias(field.name) for field in schema.fields]
            return self.spark.range(0).select(*nothing)
        return self._reader(table, files).select(*table.column_names)

    def _make_room(self, size_bytes: int) -> None:
        """Has shuffles go to enough partitions for that much Parquet; never to fewer than before."""
        wanted = -(-size_bytes // SHUFFLED_BYTES)
        if wanted > int(str(self.spark.conf.get("spark.sql.shuffle.partitions"))):
            self.spark.conf.set("spark.sql.shuffle.partitions", str(wanted))

    def _files_with(self, table: Table, keys: DataFrame) -> dict[str, int]:
        """The table's files that hold one of these keys."""
        files = delta.files(self.folder(table))
        if not files:
            return {}
        there = self._reader(table, files).select(*table.key, F.col("_metadata.file_path").alias("file_path"))
        found = there.join(keys, list(table.key), "left_semi").select("file_path").distinct().collect()
        names = {unquote(row["file_path"]).rsplit("/", 1)[-1] for row in found}
        return {path: size for path, size in files.items() if path.rsplit("/", 1)[-1] in names}

    def _reader(self, table: Table, files: Iterable[str]) -> DataFrame:
        folder = str(self.folder(table))
        reader = self.spark.read.schema(spark_schema(table)).option("basePath", folder)
        return reader.parquet(*(f"{folder}/{path}" for path in files))
