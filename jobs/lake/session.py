"""The Spark session, opened when a step has work and kept for all of it."""

import os
import sys
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from jobs.errors import Stop, TryAgain
from jobs.lake.lock import session_lock
from jobs.settings import Settings

_held: dict[str, Any] = {}


def open_session(settings: Settings) -> SparkSession:
    """The session of this process; general settings come from the spark-defaults.conf of the set-up.

    Raises:
        Stop: the set-up has not run.
    """
    conf = Path(sys.prefix) / "share" / "podledger" / "spark"
    if not (conf / "spark-defaults.conf").exists():
        raise Stop(f"{conf}/spark-defaults.conf is missing: run `make setup` first")
    os.environ["SPARK_CONF_DIR"] = str(conf)
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    progress = settings.progress == "on" or (settings.progress == "auto" and sys.stderr.isatty())
    session: SparkSession = (
        SparkSession.builder.appName("podledger")
        .master(settings.master)
        .config("spark.driver.memory", settings.driver_memory)
        .config("spark.default.parallelism", settings.shuffle_partitions)
        .config("spark.ui.showConsoleProgress", str(progress).lower())
        .getOrCreate()
    )
    _hold(session, settings.lake)
    return session


def _hold(session: SparkSession, lake: Path) -> None:
    """Lets the Java process lock the lake's session file for as long as it lives (see lock.py)."""
    path = str(session_lock(lake))
    if path in _held:
        return
    java: Any = session.sparkContext._jvm
    channel = java.java.io.RandomAccessFile(path, "rw").getChannel()
    if channel.tryLock() is None:
        raise TryAgain(f"{path} is locked by another process; see docs/runbooks/lock.md")
    _held[path] = channel


def let_go(lake: Path) -> None:
    """Gives the lake's session file back, where this process opened a session on it."""
    channel = _held.pop(str(session_lock(lake)), None)
    if channel is not None:
        channel.close()
