"""Who counts the same landing folder: how each is called, and where its listens are."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from benchmarks.agreement import delta_listens, parquet_listens, published_listens

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Contestant:
    """One way to count a landing folder.

    `command` starts a process of its own; `session` names the function that a warm session calls instead, with the
    same `arguments`. `own_s` reads from what it printed how long it worked, in seconds, its start left out.
    `writes_tallies` says that batches, events, device logs and refusals lie beside its listens as Parquet.
    """

    name: str
    about: str
    arguments: Callable[[Path, Path], list[str]]
    listens: Callable[[Path], pa.Table]
    own_s: Callable[[str], float]
    command: tuple[str, ...] = ()
    session: str | None = None
    writes_tallies: bool = False


def _last_line(stdout: str) -> dict[str, float]:
    answer: dict[str, float] = json.loads(stdout.strip().splitlines()[-1])
    return answer


def _podledger(landing: Path, lake: Path) -> list[str]:
    return ["run", "--landing", str(landing), "--lake", str(lake), "--json"]


def _script(landing: Path, out: Path) -> list[str]:
    return ["--landing", str(landing), "--out", str(out)]


def _told(stdout: str) -> float:
    return _last_line(stdout)["seconds"]


def _summed(stdout: str) -> float:
    return sum(_last_line(stdout).values())


def _textbook_listens(out: Path) -> pa.Table:
    return delta_listens(out / "listens")


PYTHON = sys.executable
COMMAND = str(Path(sys.executable).with_name("podledger"))
SCRIPTS = ROOT / "benchmarks"

PODLEDGER = Contestant(
    "podledger", "`podledger run`, a process of its own", _podledger, published_listens, _told, (COMMAND,)
)
PODLEDGER_WARM = Contestant(
    "podledger warm", "the same in a session that has run before", _podledger, published_listens, _told,
    session="jobs.cli:main",
)  # fmt: skip
DUCKDB = Contestant(
    "duckdb",
    "the DuckDB script",
    _script,
    parquet_listens,
    _summed,
    (PYTHON, str(SCRIPTS / "duckdb_script.py")),
    writes_tallies=True,
)
POLARS = Contestant(
    "polars",
    "the Polars script",
    _script,
    parquet_listens,
    _summed,
    (PYTHON, str(SCRIPTS / "polars_script.py")),
    writes_tallies=True,
)
TEXTBOOK = Contestant(
    "textbook", "Spark and Delta as in the textbook, a process of its own", _script, _textbook_listens, _summed,
    (PYTHON, str(SCRIPTS / "textbook.py")),
)  # fmt: skip
TEXTBOOK_WARM = Contestant(
    "textbook warm", "the same in a session that has run before", _script, _textbook_listens, _summed,
    session="benchmarks.textbook:main",
)  # fmt: skip
CONTESTANTS = {
    one.name.replace(" ", "-"): one for one in (PODLEDGER, PODLEDGER_WARM, DUCKDB, POLARS, TEXTBOOK, TEXTBOOK_WARM)
}
"""By the name that the command line takes."""
