"""A short session that loads the classes of everyday work: read, write, merge and rewrite small Delta tables.

Run by setup/spark.py, with the folder for the table as its argument.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F


def main(table: str) -> None:
    """Works a little; raises if a result is not as expected."""
    spark = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", "2").getOrCreate()
    work(spark, table)
    gateway: Any = spark.sparkContext._gateway
    spark.stop()
    gateway.proc.stdin.close()  # the JVM ends when its input does; the archive is written then
    sys.exit(gateway.proc.wait())


def work(spark: SparkSession, table: str) -> None:
    """A day of rows through the operations that the steps use."""
    source = Path(table).with_name("source.json")
    lines = [{"id": n, "at": f"2026-01-0{n % 3 + 1}T00:00:00Z", "spans": [[n, n + 9]]} for n in range(90)]
    source.write_text("\n".join(json.dumps(line) for line in lines))
    records = spark.read.schema("id bigint, at string, spans array<array<bigint>>").json(str(source))
    by_day = Window.partitionBy("day").orderBy("from", "id")
    rows = (
        records.withColumn("day", F.to_date(F.try_to_timestamp("at")))
        .withColumn("hash", F.sha2(F.col("id").cast("string"), 256))
        .select("id", "day", "hash", F.explode("spans").alias("span"))
        .withColumn("from", F.try_element_at("span", F.lit(1)))
        .withColumn("gap", F.col("from") - F.lag("from").over(by_day))
        .drop("span")
    )
    rows.write.format("delta").partitionBy("day").save(table)
    spark.sql(f"ALTER TABLE delta.`{table}` ADD CONSTRAINT whole CHECK (id >= 0)")
    rows.limit(40).createOrReplaceTempView("news")
    spark.sql(
        f"MERGE INTO delta.`{table}` t USING (SELECT * FROM news) n ON t.id = n.id + 60 AND t.day = n.day "
        "WHEN MATCHED THEN UPDATE SET gap = 0 WHEN NOT MATCHED THEN INSERT *"
    )
    day = rows.where("day = DATE'2026-01-01'")
    day.write.format("delta").mode("overwrite").option("replaceWhere", "day = DATE'2026-01-01'").save(table)
    kept = spark.read.format("delta").load(table)
    days = kept.groupBy("day").agg(F.countDistinct("id").alias("ids"), F.sum("gap"), F.min_by("hash", "from"))
    found = {row["day"].isoformat(): row["ids"] for row in days.orderBy("day").collect()}
    if found["2026-01-01"] != 30 or len(found) != 3:
        raise RuntimeError(f"Delta gave back {found}")


if __name__ == "__main__":
    main(sys.argv[1])
