"""The same job as most teams would write it in Spark and Delta: MERGE on the id, touched days made anew.

    python benchmarks/textbook.py --landing DIR --out DIR
    python benchmarks/textbook.py --landing DIR --out DIR --from 2025-10-05 --to 2025-10-05

Bronze lines by MERGE on their hash, events by MERGE on their id, listens of every touched day computed from all its
events and put in place of the day; one session, settings near the defaults. Without history of publications,
checks, or a catalogue that changes what was judged before.
"""

import argparse
import datetime as dt
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks import textbook_listens_sql as listens_sql
from benchmarks import textbook_sql as sql
from benchmarks.odd_lines import read_line

DRIVER_MEMORY = "4g"
SHUFFLE_PARTITIONS = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Load the files sealed on the days asked for (all without them); prints the seconds of each step as JSON."""
    parser = argparse.ArgumentParser(description="From landed files to Delta, as in the textbook.")
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--from", type=dt.date.fromisoformat, default=dt.date.min, dest="first", metavar="DATE")
    parser.add_argument("--to", type=dt.date.fromisoformat, default=dt.date.max, dest="last", metavar="DATE")
    args = parser.parse_args(arguments)
    spark = open_session()
    print(json.dumps(load(spark, args.landing.absolute(), args.out.absolute(), args.first, args.last)))
    return 0


def open_session() -> SparkSession:
    """A session with Delta; its libraries are those of the set-up."""
    os.environ["SPARK_CONF_DIR"] = str(Path(sys.prefix) / "share" / "podledger" / "spark")
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    session: SparkSession = (
        SparkSession.builder.appName("textbook")
        .master("local[*]")
        .config("spark.driver.memory", DRIVER_MEMORY)
        .config("spark.sql.shuffle.partitions", SHUFFLE_PARTITIONS)
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    return session


def load(spark: SparkSession, landing: Path, out: Path, first: dt.date, last: dt.date) -> dict[str, float]:
    """Take in what was sealed from the first to the last day; seconds by step."""
    number, seconds, began = time.time_ns(), dict[str, float](), time.monotonic()

    def step(name: str) -> None:
        nonlocal began
        seconds[name], began = round(time.monotonic() - began, 3), time.monotonic()

    _open_tables(spark, landing, out)
    _add_lines(spark, landing, number, first, last)
    step("lines")
    copies = _judge(spark, number)
    spark.sql(sql.ADD_REJECTED)
    step("judge")
    new_events = _view(spark, "new_events", sql.NEW_EVENTS).persist()
    moved = _view(spark, "moved", sql.MOVED).persist()
    moved.count()  # before they move
    spark.sql(sql.MERGE_EVENTS)
    step("events")
    _replace_listens(spark, out)
    step("listens")
    spark.sql(listens_sql.MERGE_DEVICE_LOGS)
    step("device logs")
    for frame in (moved, new_events, copies):
        frame.unpersist()
    return seconds


def _open_tables(spark: SparkSession, landing: Path, out: Path) -> None:
    for statement in sql.TABLES:
        spark.sql(f"DROP TABLE IF EXISTS {statement.split()[5]}")  # its name in this session; its files stay
        spark.sql(statement.replace("{out}", str(out)))
    catalogue = spark.read.schema(sql.EPISODE).json(str(landing / "catalog" / "episodes.ndjson"))
    catalogue.createOrReplaceTempView("episodes")


def _add_lines(spark: SparkSession, landing: Path, number: int, first: dt.date, last: dt.date) -> None:
    """Bronze: each line once, parsed, under the number of this load."""
    files = [
        str(path)
        for path in sorted(landing.glob("sync/*/*/*.ndjson.gz"))
        if first.isoformat() <= path.parts[-3] <= last.isoformat()
        and not any(part[0] in "._" for part in path.relative_to(landing).parts)
    ]
    spark.read.text(files, lineSep="\n").createOrReplaceTempView("landed_text")
    _view(spark, "new_lines", sql.NEW_LINES.replace("{load}", str(number)))
    spark.sql(sql.ADD_LINES)


def _judge(spark: SparkSession, number: int) -> DataFrame:
    """All copies of records of this load, each with the reason it is refused for; lines that look odd read strictly."""
    odd = spark.table("lines").where(f"load = {number} AND odd").select(F.col("raw").cast("binary")).collect()
    read = [read_line(bytes(raw), 0) for (raw,) in odd]
    envelopes = [[envelope[name] for name in (*sql.ENVELOPE, "raw")] for envelope, _ in read]
    records = [
        [envelope["line_key"], *(record[name] for name in ("position", "well_typed", "raw", *sql.RECORD))]
        for envelope, of_line in read
        for record in of_line
    ]
    spark.createDataFrame(envelopes, sql.ODD_ENVELOPES).createOrReplaceTempView("odd_envelopes")
    spark.createDataFrame(records, sql.ODD_RECORDS).createOrReplaceTempView("odd_records")
    _view(spark, "batches", sql.BATCHES.replace("{load}", str(number)))
    return _view(spark, "copies", sql.COPIES.replace("{load}", str(number))).persist()


def _replace_listens(spark: SparkSession, out: Path) -> None:
    """All listens of every touched day, from all events of the day and its neighbours."""
    new_days = {day for (day,) in spark.sql("SELECT DISTINCT listen_day FROM new_events").collect()}
    touched = spark.sql(sql.TOUCHED_DAYS.replace("{near_days}", _listed(_near(new_days)))).collect()
    days = {day for (day,) in touched}
    if not days:
        return
    statement = listens_sql.LISTENS.replace("{near_days}", _listed(_near(days))).replace("{days}", _listed(days))
    rows = spark.sql(statement).repartition("listen_day").write.format("delta").mode("overwrite")
    where = f"listen_day IN ({_listed(days)})"
    rows.option("replaceWhere", where).partitionBy("listen_day").save(str(out / "listens"))


def _view(spark: SparkSession, name: str, statement: str) -> DataFrame:
    frame = spark.sql(statement)
    frame.createOrReplaceTempView(name)
    return frame


def _near(days: set[dt.date]) -> set[dt.date]:
    return {day + dt.timedelta(days=shift) for day in days for shift in (-1, 0, 1)}


def _listed(days: set[dt.date]) -> str:
    return ", ".join(f"DATE'{day}'" for day in sorted(days)) or "NULL"


if __name__ == "__main__":
    sys.exit(main())
