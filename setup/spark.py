"""Spark's settings, the same for a session in Python and for spark-submit, and the archive of its classes.

The settings are what is true of every place; memory, cores and the like come from conf/ when a session opens.
Whoever needs further JVM options sets `spark.driver.extraJavaOptions`, which these leave free.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from check import java_command
from layout import CLASS_ARCHIVE, JARS, PYTHON, SHARE, SPARK_CONF, spark_home
from stages import SetupError, fingerprint, say, stage, write

WARM_UP = Path(__file__).parent / "warm_up.py"
LOGGING = Path(__file__).parent / "log4j2.properties"

QUIET = "-Xlog:cds=off -Xlog:cds+dynamic=off"
USE_ARCHIVE = f'"-XX:SharedArchiveFile={CLASS_ARCHIVE}" -Xshare:auto {QUIET}'
"""Without the archive, or with one that another JVM made, the JVM only starts more slowly."""


def main() -> None:
    """Writes Spark's configuration folder and, where anything in it changed, the archive."""
    settings = defaults(USE_ARCHIVE)
    written = write(SPARK_CONF / "spark-defaults.conf", settings)
    written |= write(SPARK_CONF / "log4j2.properties", LOGGING.read_text())
    say("spark", "settings written" if written else "up to date")
    stage("classes", fingerprint(settings, WARM_UP, java_identity(), class_path()), make_archive)


def defaults(java_options: str) -> str:
    """The text of spark-defaults.conf."""
    settings = {
        # Spark's own jars are named too, so that they come before the folder of settings that Spark puts between:
        # a folder with files in it, ahead of the classes, rules a class archive out.
        "spark.driver.extraClassPath": f"{JARS}/*:{spark_home()}/jars/*",
        "spark.executor.extraClassPath": f"{JARS}/*",
        "spark.driver.defaultJavaOptions": (
            "-XX:+UseParallelGC -Duser.timezone=UTC "
            f'"-Dlog4j2.configurationFile={SPARK_CONF}/log4j2.properties" {java_options}'
        ),
        "spark.executor.defaultJavaOptions": "-XX:+UseParallelGC -Duser.timezone=UTC",
        # Arrow's allocator in the Python workers keeps what it was given: giving it back and asking anew, page by page,
        # is a sixth of landing
        "spark.executorEnv.MIMALLOC_PURGE_DELAY": "-1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.parquet.compression.codec": "zstd",
        # one task a partition of a small log; the default of 50 costs seconds a read
        "spark.databricks.delta.snapshotPartitions": "2",
    }
    lines = [f"{name} {value}" for name, value in settings.items()]
    return "\n".join(["# Written by `make setup` (setup/spark.py); edit that, not this.", *lines, ""])


def java_identity() -> str:
    """Which JVM this is, to the build: an archive serves no other."""
    said = subprocess.run([java_command(), "-version"], capture_output=True, text=True, check=True).stderr
    return "\n".join(line for line in said.splitlines() if "Picked up" not in line)


def class_path() -> str:
    """Every jar with its size and time, as the JVM compares them with the archive."""
    jars = sorted([*JARS.glob("*.jar"), *(spark_home() / "jars").glob("*.jar")])
    return "\n".join(f"{jar} {jar.stat().st_size} {jar.stat().st_mtime_ns}" for jar in jars)


def make_archive() -> str:
    """Runs a short session, which shows that Spark and Delta work here, and keeps the classes that it loaded.

    Raises:
        SetupError: the session failed.
    """
    CLASS_ARCHIVE.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="podledger-spark-") as name:
        folder = Path(name)
        archive = folder / CLASS_ARCHIVE.name
        # compiled in one tier: the session is too short for the second one to pay
        options = f'"-XX:ArchiveClassesAtExit={archive}" -XX:TieredStopAtLevel=1 {QUIET}'
        write(folder / "conf" / "spark-defaults.conf", defaults(options))
        warm_up(folder)
        if not archive.exists():
            return "Spark and Delta work; this JVM keeps no archive of classes, so sessions start more slowly"
        partial = CLASS_ARCHIVE.with_name(CLASS_ARCHIVE.name + ".partial")
        shutil.move(archive, partial)
        partial.replace(CLASS_ARCHIVE)
    return f"Spark and Delta work; {CLASS_ARCHIVE.stat().st_size >> 20} MB of classes kept for quick starts"


def warm_up(folder: Path) -> None:
    """Runs the short session inside a folder, under the settings in its `conf`."""
    env = os.environ | {
        "SPARK_HOME": str(spark_home()),
        "SPARK_CONF_DIR": str(folder / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(PYTHON),
        "PYSPARK_DRIVER_PYTHON": str(PYTHON),
    }
    log = SHARE / "warm_up.log"
    with log.open("w") as output:
        command = [PYTHON, WARM_UP, folder / "table"]
        ended = subprocess.run(command, cwd=folder, env=env, stdout=output, stderr=output)
    if ended.returncode:
        said = [line for line in log.read_text().splitlines() if line.strip()]
        raise SetupError("\n".join(["a first session of Spark and Delta failed:", *said[-15:], f"All of it: {log}"]))
