"""What settling joins is hashed: a join that goes pair by pair would take hours, and no other test would see it."""

import random

import duckdb
import pyarrow as pa
import pytest

from jobs.steps.money.archive import FEES, SPLITS
from jobs.steps.money.shares_of_run import MEMBERS, POOLS, RUNS
from jobs.transforms.settlement.brought import brought_by_listeners
from jobs.transforms.settlement.dividing import NARROW_AMOUNT, NARROW_TOTAL, NARROW_WEIGHT, floored
from jobs.transforms.settlement.weights import of_runs
from tests.settlement.months import Shape, month, rows_of
from tests.settlement.test_allocation import LISTENS

PAIR_BY_PAIR = ("BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN", "CROSS_PRODUCT")


@pytest.fixture
def sql() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    rows = rows_of([month(0, Shape("pro_rata", listeners=20, shows=5, payees=3, digits=5, seed=1))])
    for listen in rows["listens"] + rows["fees"]:
        listen["bucket"] = 0
    schemas = {"runs": RUNS, "members": MEMBERS, "pools": POOLS, "listens": LISTENS, "splits": SPLITS, "fees": FEES}
    for name, schema in schemas.items():
        connection.register(f"given_{name}", pa.Table.from_pylist(rows[name], schema))
        connection.execute(f"CREATE TABLE {name} AS FROM given_{name}")
    return connection


def test_joins_are_hashed(sql: duckdb.DuckDBPyConnection) -> None:
    for query in (
        of_runs("listens", "runs", "members", "(SELECT DISTINCT show_id, valid_from, valid_to FROM splits)"),
        brought_by_listeners(
            "(SELECT * EXCLUDE (standing, held_since) FROM listens)", "runs", "members", "pools", "splits", "fees"
        ),
    ):
        ((_, plan),) = sql.execute(f"EXPLAIN {query}").fetchall()
        # every show of `*` is one pair with its member: a product with as many rows as there are runs with it
        of_members = plan.replace("CROSS_PRODUCT", "", 1)
        assert "HASH_JOIN" in plan
        assert [join for join in PAIR_BY_PAIR if join in of_members] == [], plan


def test_a_product_is_divided_alike_on_both_sides_of_what_a_bigint_holds(sql: duckdb.DuckDBPyConnection) -> None:
    draw = random.Random(1)
    near = [
        (amount + draw.randrange(-1, 2), weight + draw.randrange(-1, 2), total + draw.randrange(-1, 2))
        for amount in (1, NARROW_AMOUNT, 10**14)
        for weight in (1, NARROW_WEIGHT, 10**14)
        for total in (2, 7, NARROW_TOTAL, 10**19)
    ]
    for amount, weight, total in near:
        values = f"SELECT {amount}::HUGEINT AS a, {weight}::HUGEINT AS w, {total}::HUGEINT AS t"
        ((found,),) = sql.execute(f"SELECT {floored('a', 'w', 't')} FROM ({values})").fetchall()
        assert found == amount * weight // total, (amount, weight, total)
