"""Months settled many to one Spark job are not a unit apart from a reference in whole numbers, however spread."""

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jobs.lake.session import let_go, open_session
from jobs.lake.store import Store
from jobs.settings import read_settings
from jobs.steps.money.allocating import Allocated, allocate
from jobs.steps.money.archive import FEES, SPLITS
from jobs.steps.money.shares_of_run import MEMBERS, POOLS, RUNS, Frozen
from jobs.steps.shares import Share
from jobs.tables import ALLOCATIONS, LISTEN_SETTLEMENTS
from tests.settlement.months import SHAPES, Month, Shape, month, rows_of
from tests.settlement.reference import settle

MONTHS = int(os.environ.get("TEST_MONTHS", "40"))
MONTHS_OF_JOB = min(MONTHS, 100)
LISTENS = pa.schema(
    [("listen_id", pa.string()), ("listener_id", pa.string()), ("show_id", pa.string()), ("listen_day", pa.date32()),
     ("heard_ms", pa.int64()), ("standing", pa.string()), ("held_since", pa.timestamp("us", "UTC")),
     ("bucket", pa.int32())]
)  # fmt: skip
PLAYS = pa.schema([(name, pa.string()) for name in ("listen_id", "arrangement_id", "slot", "campaign_id")])
CUTS = ([Share()], [Share(0, 127), Share(128, 255)], [Share(0, 9), Share(10, 99), Share(100, 255)])


class Here(Store):
    """A store whose tasks are run in this process."""

    def spread(self, task: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        return [task(item) for item in items]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path, Here)


def new_store(folder: Path, kind: type[Store] = Store) -> Store:
    found = kind(folder, lambda: open_session(read_settings({}, lake=str(folder))))
    found.ensure([ALLOCATIONS, LISTEN_SETTLEMENTS])
    found.clear_scratch()
    return found


def allocated(store: Store, months: list[Month], draw: random.Random) -> Allocated:
    """Settles the months together; files, order of rows and shares are drawn, and what comes out is committed."""
    rows = rows_of(months)
    bucket = {row["listener_id"]: draw.randrange(256) for row in rows["listens"] + rows["fees"]}
    for row in rows["listens"] + rows["fees"]:
        row["bucket"] = bucket[row["listener_id"]]
    for some in rows.values():
        draw.shuffle(some)
    frozen = Frozen(
        written(store, rows["listens"], LISTENS, draw),
        written(store, rows["splits"], SPLITS, draw),
        written(store, rows["fees"], FEES, draw),
        written(store, rows["plays"], PLAYS, draw),
    )
    runs, members, pools = (
        pa.Table.from_pylist(rows[name], schema)
        for name, schema in (("runs", RUNS), ("members", MEMBERS), ("pools", POOLS))
    )
    found = allocate(store, frozen, runs, members, pools, draw.choice(CUTS))
    store.add_parts(ALLOCATIONS, found.allocations)
    store.add_parts(LISTEN_SETTLEMENTS, found.listens)
    return found


def written(store: Store, rows: list[dict[str, Any]], schema: pa.Schema, draw: random.Random) -> list[Path]:
    """The rows in a few files, some of them perhaps empty."""
    paths = []
    for part in range(draw.randrange(1, 4)) if rows else []:
        paths.append(store.scratch / f"given-{draw.randrange(10**12)}-{part}.parquet")
        pq.write_table(pa.Table.from_pylist([], schema), paths[-1])
    for place, path in enumerate(paths):
        pq.write_table(pa.Table.from_pylist(rows[place :: len(paths)], schema), path)
    return paths


def rows(store: Store, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = DeltaTable(str(store.lake / name)).to_pyarrow_table().to_pylist()
    return found


def check(store: Store, months: list[Month], found: Allocated) -> None:
    """Every figure of every month is that of the reference."""
    amounts: dict[str, dict[Any, Any]] = {f"r{place}": {} for place in range(len(months))}
    weights: dict[str, dict[Any, Any]] = {f"r{place}": {} for place in range(len(months))}
    for row in rows(store, ALLOCATIONS.name):
        since = "" if row["valid_from"] is None else str(row["valid_from"])
        key = (row["currency"], row["campaign_id"], row["show_id"], since, row["payee_id"])
        assert key not in amounts[row["run_id"]]
        amounts[row["run_id"]][key] = (row["amount_minor"], row["held_minor"])
        weights[row["run_id"]][row["campaign_id"], row["show_id"], since] = (
            int(row["weight"]),
            int(row["held_weight"]),
        )
    classes: dict[str, dict[str, str]] = {f"r{place}": {} for place in range(len(months))}
    for row in rows(store, LISTEN_SETTLEMENTS.name):
        assert row["listen_id"] not in classes[row["run_id"]]
        classes[row["run_id"]][row["listen_id"]] = row["class"]
    pools = {place: {} for place in range(len(months))}  # type: dict[int, dict[tuple[str, str], tuple[int, int]]]
    for row in found.pools.to_pylist():
        pools[row["run_no"]][row["currency"], row["campaign_id"]] = (row["pool_minor"], row["held_back_minor"])
    for place, one in enumerate(months):
        right = settle(one)
        assert classes[f"r{place}"] == right.classes
        assert pools[place] == right.pools
        assert amounts[f"r{place}"] == right.amounts
        assert weights[f"r{place}"] == right.weights


blocks = settings(
    max_examples=1 + MONTHS // MONTHS_OF_JOB,  # the first one drawn is the simplest there is, of empty months
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a block is settled too slowly to be made smaller
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    derandomize=MONTHS <= 100,
)


@pytest.fixture(scope="module")
def spark_store() -> Iterator[Store]:
    """A store whose tasks Spark runs; what a block of months leaves is taken away before the next."""
    folder = Path(tempfile.mkdtemp(prefix="podledger-"))
    yield new_store(folder)
    let_go(folder)
    shutil.rmtree(folder)


@pytest.mark.spark
@pytest.mark.timeout(60 + MONTHS)
@blocks
@given(shapes=st.lists(SHAPES, min_size=MONTHS_OF_JOB, max_size=MONTHS_OF_JOB), seed=st.integers(0, 2**32))
def test_months_are_settled_as_by_the_reference(spark_store: Store, shapes: list[Shape], seed: int) -> None:
    months = [month(number, shape) for number, shape in enumerate(shapes)]
    for table in (ALLOCATIONS, LISTEN_SETTLEMENTS):
        spark_store.remove_where(table, "true")
    check(spark_store, months, allocated(spark_store, months, random.Random(seed)))


@pytest.mark.parametrize(
    ("rule", "seed"), [("pro_rata", 18), ("capped", 18), ("user_centric", 5), ("scaled_user", 18), ("cpm", 18)]
)
def test_a_large_month_of_many_payees(store: Store, rule: str, seed: int) -> None:
    one = month(0, Shape(rule, listeners=300, shows=40, payees=250, digits=14, seed=seed))
    assert sum(len(version.shares) for version in one.versions) > 5_000
    assert max(pool for pool, _ in settle(one).pools.values()) > 10**6
    check(store, [one], allocated(store, [one], random.Random(1)))
