"""Whether counts of the same landing folder say the same, before anybody looks at their times."""

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder

EXACT = (
    "listen_id", "listener_id", "episode_id", "listen_day", "evidence", "show_id", "creator_id", "heard", "heard_ms",
    "played_ms", "offline_ms", "sessions", "completed", "status", "reasons",
)  # fmt: skip
INSTANTS = ("first_at", "last_at", "last_received_at")
SHOWN = 3


class DisagreementError(RuntimeError):
    """Two counts differ; the text says by which rows."""


def published_listens(lake: Path) -> pa.Table:
    """The listens of the publication in force, read without the platform's own code."""
    publication = json.loads((lake / "_published" / "current.json").read_text())
    return delta_listens(lake / "silver" / "listens", publication["tables"]["silver/listens"])


def delta_listens(table: Path, version: int | None = None) -> pa.Table:
    """The listens of a Delta table."""
    delta = DeltaTable(str(table), version=version)
    return pa.table(QueryBuilder().register("rows", delta).execute("SELECT * FROM rows").read_all())


def parquet_listens(folder: Path) -> pa.Table:
    """The listens that a script wrote."""
    return pq.read_table(folder / "listens.parquet")


def assert_same_listens(one: pa.Table, other: pa.Table, names: tuple[str, str]) -> None:
    """Compare every column of every listen. Raises DisagreementError."""
    with duckdb.connect() as connection:
        for name, rows in (("one", one), ("other", other)):
            connection.register(f"{name}_rows", rows)
            connection.execute(f"CREATE TABLE {name} AS {_canonical(f'{name}_rows')}")
        only_one = connection.execute("FROM one EXCEPT ALL FROM other").fetchall()
        only_other = connection.execute("FROM other EXCEPT ALL FROM one").fetchall()
    if only_one or only_other:
        raise DisagreementError(
            f"{len(only_one)} listens of {names[0]} are not those of {names[1]}, {len(only_other)} the other way:\n"
            f"{only_one[:SHOWN]}\n{only_other[:SHOWN]}"
        )


def assert_expected(parquet: Path, truth: Path) -> None:
    """Compare a script's tallies with those of the simulator. Raises DisagreementError."""
    expected = json.loads((truth / "expected.json").read_text())
    with duckdb.connect() as connection:
        found = {
            name: connection.execute(f"SELECT count(*) FROM '{parquet / name}.parquet'").fetchall()[0][0]
            for name in ("batches", "events", "device_logs")
        }
        refused = connection.execute(f"SELECT reason, count(*) FROM '{parquet}/rejected.parquet' GROUP BY 1").fetchall()
    wanted = {name: expected[name] for name in found}
    if found != wanted or dict(refused) != expected["refused"]:
        raise DisagreementError(
            f"the script counts {found}, {dict(refused)}; the simulator made {wanted}, {expected['refused']}"
        )


def _canonical(rows: str) -> str:
    texts = ", ".join(f"{name}::VARCHAR AS {name}" for name in EXACT)
    instants = ", ".join(f"epoch_us({name}) AS {name}" for name in INSTANTS)
    return f"SELECT {texts}, {instants} FROM {rows}"
