"""What all tests share: the command line in this process, and lakes that are made once."""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EDGES = Path(__file__).parent / "golden" / "edges"

# Small work: less compiling, less memory. The settings of the house apply otherwise.
os.environ["JDK_JAVA_OPTIONS"] = "-XX:TieredStopAtLevel=1"
os.environ["PODLEDGER_SPARK_DRIVER_MEMORY"] = "2g"
os.environ["PODLEDGER_LOCK_WAIT_S"] = "30"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The last line of its output as JSON."""
        return json.loads(self.out.strip().splitlines()[-1])


@pytest.fixture(scope="session")
def podledger() -> Iterator[Callable[..., Ran]]:
    """The command line, in this process, so that all tests share one Spark session."""
    from jobs.cli import main

    def run(*arguments: object) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
        return Ran(code, out.getvalue(), err.getvalue())

    yield run
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()


@pytest.fixture(scope="session")
def _published_edges(podledger: Callable[..., Ran], tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("published") / "lake"
    ran = podledger("run", "--landing", EDGES / "landing", "--lake", lake)
    assert ran.code == 0, ran.err
    return lake


@pytest.fixture(scope="session")
def published_lake(_published_edges: Path) -> Path:
    """A lake with the edges sample published, for reading only."""
    return _published_edges


@pytest.fixture
def own_lake(_published_edges: Path, tmp_path: Path) -> Path:
    """A copy of that lake, to be changed."""
    lake = tmp_path / "lake"
    shutil.copytree(_published_edges, lake)
    return lake


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A copy of the edges landing folder, to be changed."""
    folder = tmp_path / "landing"
    shutil.copytree(EDGES / "landing", folder)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder
