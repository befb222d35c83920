"""Every check of the money catches its planted violation, and a true ledger passes them all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from expectations.gate import FAILED, PASSED, Outcome, check, suite_of
from expectations.question import Question, Rows
from jobs.lake.engine import engine
from jobs.steps.money.checking import BESIDE, CHECKED, NOTHING_KNOWN
from jobs.tables import BY_NAME
from tests.conftest import Ran
from tests.settlement.house import POOLS, new_house

TWICE = "FROM t UNION ALL FROM t"
Tables = Mapping[str, pa.Table]


def puts(where: str = "true", **values: str) -> str:
    """Gives the rows that meet the condition these values, SQL expressions over the row as it was."""
    replaced = ", ".join(f'if({where}, {value}, "{column}") AS "{column}"' for column, value in values.items())
    return f"SELECT * REPLACE ({replaced}) FROM t"


AN_AMOUNT = "entry_id LIKE 'accrual:%' AND account = 'payable:p1'"
PLANTED: list[tuple[str, str, set[str]]] = [
    ("gold/ledger", TWICE, {"key_unique", "chain_unbroken", "postings_are_the_last_run", "holds_are_the_last_run"}),
    ("gold/ledger", puts(AN_AMOUNT, amount_minor="amount_minor + 1"),
     {"entries_balance", "chain_unbroken", "postings_are_the_last_run"}),
    ("gold/ledger", "FROM t WHERE place <> 3", {"chain_unbroken"}),
    ("gold/ledger", puts("place = 3", previous_hash="hash"), {"chain_unbroken"}),
    ("gold/ledger", puts("kind = 'adjustment'", period="settlement_period"), {"adjustment_is_later"}),
    ("gold/ledger", puts("kind = 'accrual'", settlement_period="'2027-09'"), {"accrual_is_of_its_month"}),
    ("gold/ledger", puts("place = 1", amount_minor="-amount_minor"), {"amount_positive"}),
    ("gold/ledger", puts("account = 'hold:p2'", account="'payable:p2'"), {"holds_are_the_last_run"}),
    ("gold/ledger", puts("kind = 'payment' AND account = 'payable:p1'", amount_minor="amount_minor - 1"),
     {"paid_to_zero", "closes_at_the_balance", "entries_balance"}),
    ("gold/settlement_runs", puts("state = 'posted'", kind="'final'"), {"nothing_waits_at_final"}),
    ("gold/allocations", puts("payee_id = 'p1'", amount_minor="amount_minor + 2"), {"payee_quota", "payees_add_up"}),
    ("gold/allocations", puts("show_id = 's-1'", item_minor="item_minor + 2"),
     {"item_quota", "items_add_up", "payees_add_up", "payee_formula"}),
    ("gold/allocations", puts(weight="weight * 2", held_minor="amount_minor + 1"),
     {"item_formula", "weights_of_listens", "weights_add_up", "held_is_a_part"}),
    ("gold/allocations", puts(campaign_id="'c-1'"), {"campaign_is_its_plays"}),
    ("gold/listen_settlements", TWICE, {"key_unique"}),
    ("gold/listen_settlements", puts("class = 'paid'", valid_from="NULL", raw_weight="0"),
     {"paid_has_a_split", "weighed_in"}),
    ("gold/holds", TWICE, {"key_unique"}),
    ("gold/holds", puts(measured="threshold", until="since", settlement_period="'2027-09'"),
     {"more_than_allowed", "until_is_later", "since_its_month_is_over"}),
    ("gold/holds", puts(rule="'many_listens'"), {"peers_were_measured", "listens_are_held"}),
    ("gold/holds", "FROM t UNION ALL SELECT * REPLACE ('x' AS listen_id, since + INTERVAL 1 DAY AS since) FROM t",
     {"one_cut_off_a_close"}),
    ("gold/holds", "FROM t LIMIT 0", {"held_by_a_rule", "listens_are_held"}),
    ("gold/rule_costs", TWICE, {"key_unique"}),
    ("gold/rule_costs", puts(listeners="listens + 1"), {"listeners_of_listens", "listens_are_held"}),
    ("gold/rule_costs", puts(cost_minor="-cost_minor"), {"cost_not_negative", "costs_come_to_the_holds"}),
    ("gold/rule_costs", puts(period="'2020-01'"), {"of_a_run"}),
    ("gold/rule_costs", puts(cost_minor="cost_minor + 1"), {"costs_come_to_the_holds"}),
    ("gold/rule_costs", "FROM t LIMIT 0", {"costs_come_to_the_holds"}),
    ("gold/statements", TWICE, {"key_unique"}),
    ("gold/statements", puts(closing_minor="closing_minor + 1"), {"adds_up", "closes_at_the_balance"}),
    ("gold/statements", puts(opening_minor="opening_minor + 1", accrued_minor="accrued_minor - 1"),
     {"next_opens_where_this_closes", "lines_add_up"}),
    ("gold/payments", TWICE, {"key_unique", "postings_are_the_payments"}),
    ("gold/payments", puts("state = 'issued'", amount_minor="0"), {"issued_pays", "postings_are_the_payments"}),
    ("gold/payments", puts("state = 'carried'", blocked_by="NULL"), {"carried_says_why"}),
    ("gold/payments", puts("state = 'issued'", currency="'EUR'", payee_id="'p2'"), {"postings_are_the_payments"}),
]  # fmt: skip

KNOWN = "(FROM silver_listens WHERE last_received_at < TIMESTAMPTZ '2026-11-08 00:00:00+00')"
PAID = "gold_listen_settlements WHERE class = 'paid'"
AS_IS: dict[str, str] = {}
TOLD: list[tuple[str, str, str, dict[str, str]]] = [
    ("assigned_where_a_split_is", "splits_in_force", "SELECT 's-3' AS show_id", {
        "gold/settlement_runs": puts("state = 'posted'", kind="'final'"),
        "gold/ledger": puts("account = 'payable:p1'", account="'unassigned:s-3'", show_id="'s-3'"),
    }),
    ("appends_only", "ledger_history", "SELECT 3 AS version, 'DELETE' AS operation, true AS ours, 1 AS removed", AS_IS),
    ("appends_only", "ledger_history", "SELECT 3 AS version, 'RESTORE' AS operation, false AS ours, 1 AS removed",
     AS_IS),
    ("at_least_the_minimum", "minimums", "SELECT end_to_end_id, 1000000 AS minimum_minor FROM gold_payments", AS_IS),
    ("frozen_is_what_was_known", "frozen", f"SELECT listen_id, heard_ms FROM {KNOWN} LIMIT 1", AS_IS),
    ("frozen_is_what_was_known", "frozen", f"SELECT listen_id, heard_ms FROM {KNOWN} UNION ALL SELECT 'no', 1", AS_IS),
    ("frozen_is_what_was_known", "frozen", f"SELECT listen_id, heard_ms + 1 AS heard_ms FROM {KNOWN}", AS_IS),
    ("frozen_is_what_was_known", "frozen", "SELECT listen_id, heard_ms FROM silver_listens", AS_IS),
    ("undecided_is_not_paid", "undecided", f"SELECT listen_id, '2026-11' AS settlement_period FROM {PAID}", AS_IS),
]  # fmt: skip
"""What no table tells, told wrongly (and tables changed with it): the check that catches it."""


@pytest.fixture(scope="module")
def tables(podledger: Callable[..., Ran], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, pa.Table]]:
    """The money of a house after two closes, with an adjustment, a hold, a payment and a balance that is carried."""
    with pytest.MonkeyPatch.context() as patched:
        house = new_house(podledger, tmp_path_factory.mktemp("money"), patched)
        payees = (house.landing / "finance" / "payees.csv").read_text()
        house.finance(payees=payees.replace("1500,\n", "1500,tax_form\n"))
        house.close("2026-10", "2026-11-09")
        house.run("pay", "--period", "2026-10", now="2026-11-10")
        house.heard("cara", "ep-1", "2026-10-20T12:00", 120, "2026-11-20T12:00")
        house.count()
        house.finance(pools=POOLS + "inv-2,ads,2026-11,EUR,1000,0,0\n")
        house.close("2026-11", "2026-12-09")
        house.run("pay", "--period", "2026-11", now="2026-12-10")
        yield {table.name: read(house.lake / table.name) for table in (*CHECKED, *BESIDE)}


def read(folder: Path) -> pa.Table:
    return DeltaTable(str(folder)).to_pyarrow_table()


def rules(told: str = "", said: str = "") -> dict[str, str]:
    """What no table tells, as of October: all of it true but for what is ``told`` otherwise."""
    cut_off = "TIMESTAMPTZ '2026-11-08 00:00:00+00'"
    true = NOTHING_KNOWN | {"cut_off": cut_off, "frozen": f"(SELECT listen_id, heard_ms FROM {KNOWN})"}
    return true | ({told: f"({said})"} if told else {})


def outcomes(tables: Tables, folder: Path, only: Sequence[str] | None = None) -> list[Outcome]:
    asked = {}
    for place, (name, rows) in enumerate(tables.items()):
        path = folder / f"{place}.parquet"
        pq.write_table(rows, path)
        asked[name] = Rows(rows.column_names, [path], is_whole=True)
    wanted = only or [table.name for table in CHECKED]
    return check(Question(folder, asked, []), [], rules(), folder / "docs", one_by_one, wanted)


def one_by_one(task: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    return [task(item) for item in items]


def broken(tables: Tables, folder: Path, known: Mapping[str, str]) -> set[str]:
    """Names of the checks that failed; of those with rules, the rules that rows break."""
    names = set()
    with engine(folder) as sql:
        for name, rows in tables.items():
            sql.rows(name.replace("/", "_"), rows)
        for name in (table.name for table in CHECKED):
            for entry in (suite_of(BY_NAME[name], known) or {"expectations": []})["expectations"]:
                found = sql.query(entry["kwargs"]["unexpected_rows_query"]).to_pylist()
                names |= {row.get("rule", entry["meta"]["name"]) for row in found}
    return names


@pytest.mark.spark
def test_true_money_passes_and_a_failed_check_stops(tables: Tables, tmp_path: Path) -> None:
    found = outcomes(tables, tmp_path)
    assert [(one.table, one.name) for one in found if one.outcome != PASSED] == []
    wrong = pa.Table.from_batches([*tables["gold/ledger"].to_batches(), *tables["gold/ledger"].to_batches()])
    failed = [one for one in outcomes({**tables, "gold/ledger": wrong}, tmp_path, ["gold/ledger"]) if one.stops]
    assert "key_unique" in {one.name for one in failed}
    assert {one.outcome for one in failed} == {FAILED}


@pytest.mark.spark
@pytest.mark.parametrize(
    ("table", "query", "caught"), PLANTED, ids=[f"{one[0]} {sorted(one[2])[0]}" for one in PLANTED]
)
def test_a_planted_violation_is_caught(
    tables: Tables, tmp_path: Path, table: str, query: str, caught: set[str]
) -> None:
    with duckdb.connect() as connection:
        connection.register("t", tables[table])
        changed = {**tables, table: connection.execute(query).to_arrow_table()}
    assert caught <= broken(changed, tmp_path, rules())


@pytest.mark.spark
@pytest.mark.parametrize(("caught", "told", "said", "change"), TOLD, ids=[f"{one[0]} {one[2][:40]}" for one in TOLD])
def test_what_no_table_tells_is_held_against_them(
    tables: Tables, tmp_path: Path, caught: str, told: str, said: str, change: dict[str, str]
) -> None:
    changed = dict(tables)
    for name, query in change.items():
        with duckdb.connect() as connection:
            connection.register("t", tables[name])
            changed[name] = connection.execute(query).to_arrow_table()
    assert caught in broken(changed, tmp_path, rules(told, said))
    assert caught not in broken(changed, tmp_path, rules()), "it is caught for nothing else"


def test_every_check_has_its_violation() -> None:
    named = set()
    for table in CHECKED:
        for entry in (suite_of(table, NOTHING_KNOWN) or {"expectations": []})["expectations"]:
            named |= set(entry["meta"].get("rules", [entry["meta"]["name"]]))
    caught = set().union(*(caught for _, _, caught in PLANTED), {one[0] for one in TOLD})
    assert named - caught == set()
