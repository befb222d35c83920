"""Whether two counts of the same landing folder say the same, before anybody looks at their times."""

import json
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

EXACT = (
    "listen_id", "listener_id", "episode_id", "listen_day", "evidence", "show_id", "creator_id", "heard", "heard_ms",
    "played_ms", "offline_ms", "sessions", "completed", "status", "reasons",
)  # fmt: skip
INSTANTS = ("first_at", "last_at", "last_received_at")
SHOWN = 3


class DisagreementError(RuntimeError):
    """Two counts differ; the text says by which rows."""


def our_table(lake: Path, table: str) -> pa.Table:
    """A table of the publication in force, read without the platform's own code."""
    publication = json.loads((lake / "_published" / "current.json").read_text())
    version = publication["tables"][table]
    delta = DeltaTable(str(lake / table), version=version)
    return pa.table(QueryBuilder().register("rows", delta).execute("SELECT * FROM rows").read_all())


def assert_same_listens(lake: Path, parquet: Path) -> int:
    """Compare every column of every listen; how many there are. Raises DisagreementError."""
    ours = our_table(lake, "silver/listens")
    with duckdb.connect() as connection:
        connection.register("our_rows", ours)
        connection.execute(f"CREATE TABLE ours AS {_canonical('our_rows')}")
        listens = f"read_parquet('{parquet}/listens.parquet')"
        connection.execute(f"CREATE TABLE theirs AS {_canonical(listens)}")
        only_ours = connection.execute("FROM ours EXCEPT ALL FROM theirs").fetchall()
        only_theirs = connection.execute("FROM theirs EXCEPT ALL FROM ours").fetchall()
    if only_ours or only_theirs:
        raise DisagreementError(
            f"{len(only_ours)} listens of podledger are not those of DuckDB, {len(only_theirs)} the other way:\n"
            f"{only_ours[:SHOWN]}\n{only_theirs[:SHOWN]}"
        )
    return int(ours.num_rows)


def assert_expected(parquet: Path, truth: Path) -> None:
    """Compare the script's tallies with those of the simulator. Raises DisagreementError."""
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
    instants = ", ".join(f"epoch_us({name}) AS {name}" for name in INSTANTS)
    return f"SELECT {', '.join(EXACT)}, {instants} FROM {rows}"
