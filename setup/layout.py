"""Where the set-up keeps what it makes. All but the clients of npm is inside .venv: deleting that undoes it."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
SHARE = VENV / "share" / "podledger"
STAMPS = SHARE / "stamps"
JARS = SHARE / "jars"
SPARK_CONF = SHARE / "spark"
NPM_CLIENTS = REPOSITORY / "tests" / "service" / "publishing" / "clients"
CLASS_ARCHIVE = SHARE / "classes.jsa"


def spark_home() -> Path:
    """The folder of the pyspark package in .venv, which holds the whole of Spark."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return VENV / "lib" / version / "site-packages" / "pyspark"
