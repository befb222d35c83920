"""The landing folder: which files there are, and their lines as rows (contract section 4)."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lake.gzip_lines import DamagedFile, landed_lines
from jobs.lake.landing_files import LandedFile
from jobs.lake.lines import read_lines
from jobs.tables import SYNC_LINES
from jobs.tables.declare import BINARY

BLOCKS_HELD = 16  # of about 4 MB: a file up to this size is read once, a larger one is checked first
PARSED = [column for column in SYNC_LINES.columns if column.name != "landed_in"]


def lines_of(spark: SparkSession, landing: Path, files: list[LandedFile], task_bytes: int) -> DataFrame:
    """Rows of ``bronze/sync_lines`` (without ``landed_in``) for the lines of these files.

    A damaged file gives no row at all. Files are packed into tasks of about ``task_bytes``, at least one a core.
    """
    types = {column.name: column.type for column in PARSED} | {"line_key": BINARY}
    schema = ", ".join(f"{name} {kind}" for name, kind in types.items())
    cores = spark.sparkContext.defaultParallelism
    paths = [(names,) for names in packed(files, task_bytes, cores)]
    tasks = spark.sparkContext.parallelize(paths, max(1, len(paths)))
    work = spark.createDataFrame(tasks, "paths ARRAY<STRING>")
    folder = str(landing)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for path in itertools.chain.from_iterable(batch.column(0).to_pylist()):
                yield from _rows_of_file(Path(folder), path)

    rows = work.mapInArrow(read, schema)
    return rows.withColumn("line_key", F.lower(F.hex("line_key")))


def packed(files: list[LandedFile], task_bytes: int, cores: int) -> list[list[str]]:
    """The files' paths in bins of about equal size, neighbours in time together."""
    total = sum(file.size_bytes for file in files)
    bins = max(min(cores, len(files)), -(-total // task_bytes), 1)
    filled: list[list[str]] = [[] for _ in range(bins)]
    before = 0
    for file in files:
        filled[min(bins - 1, before * bins // max(1, total))].append(file.path)
        before += file.size_bytes
    return [names for names in filled if names]


def damage(landing: Path, path: str) -> str | None:
    """Why the file cannot be read; None when it can."""
    try:
        with (landing / path).open("rb") as stream:
            for _ in landed_lines(stream):
                pass
    except DamagedFile as error:
        return str(error)
    return None


def _rows_of_file(landing: Path, path: str) -> Iterator[pa.RecordBatch]:
    try:
        with (landing / path).open("rb") as stream:
            blocks = landed_lines(stream)
            held = list(itertools.islice(blocks, BLOCKS_HELD))
            if len(held) == BLOCKS_HELD and damage(landing, path) is not None:
                return
            line_no = 0
            for block in itertools.chain(held, blocks):
                for rows in read_lines(block):
                    yield _with_place(rows, path, line_no)
                    line_no += rows.num_rows
    except DamagedFile:
        return


def _with_place(rows: pa.RecordBatch, path: str, first_line_no: int) -> pa.RecordBatch:
    count = rows.num_rows
    columns = {name: rows.column(name) for name in rows.schema.names}
    columns["file"] = pa.array([path] * count, pa.string())
    columns["line_no"] = pa.array(range(first_line_no, first_line_no + count), pa.int64())
    return pa.RecordBatch.from_arrays(
        [columns[column.name] for column in PARSED], names=[column.name for column in PARSED]
    )
