"""The yardstick: the same month allocated by one plain DuckDB script, to two Parquet files; prints the seconds as JSON.

    python benchmarks/settling_duckdb.py --month DIR --figures JSON --out DIR

It shares no code with the house: it is the rules of docs/payouts.md, written down once more.
"""

import json
import os
import sys
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.settling_month import FEE_BPS, HOLDBACK_MINOR, PERIOD, PROGRAM, asked

MICRO = 10**6

TIES = f"""
    CREATE MACRO tie(show_id, since) AS sha256(
        concat('{PROGRAM}', chr(10), '{PERIOD}', chr(10), show_id, chr(10), coalesce(since::VARCHAR, '')));
    CREATE MACRO tie_of_payee(show_id, since, payee) AS sha256(concat('{PROGRAM}', chr(10), '{PERIOD}', chr(10),
        show_id, chr(10), coalesce(since::VARCHAR, ''), chr(10), coalesce(payee, '')))"""
HEARD = """
    CREATE TABLE of_run AS
    SELECT l.listen_id, l.listener_id, l.listen_day, l.show_id, l.heard_ms, l.standing, v.valid_from
    FROM listens AS l LEFT JOIN (
        SELECT DISTINCT show_id, valid_from, coalesce(valid_to, DATE '9999-12-31') AS valid_to FROM splits
    ) AS v ON v.show_id = l.show_id AND l.listen_day >= v.valid_from AND l.listen_day < v.valid_to;
    CREATE TABLE heard AS
    SELECT listener_id, show_id, valid_from, sum(heard_ms)::HUGEINT AS raw,
        coalesce(sum(heard_ms) FILTER (standing = 'held'), 0)::HUGEINT AS raw_held
    FROM of_run WHERE standing IN ('payable', 'held') GROUP BY ALL"""
PRO_RATA = "CREATE TABLE weighed AS SELECT *, raw AS weight FROM heard"
USER_CENTRIC = f"""
    CREATE TABLE weighed AS
    WITH given AS (
        SELECT h.*, f.fee_minor::HUGEINT * 100 * (10000 - {FEE_BPS}) AS micro,
            sum(raw) OVER (PARTITION BY listener_id)::HUGEINT AS total
        FROM heard AS h JOIN fees AS f USING (listener_id)
    ),
    cut AS (SELECT *, micro * raw // total AS base, micro * raw % total AS rest FROM given)
    SELECT listener_id, show_id, valid_from, raw, raw_held, base + if(row_number() OVER (
        PARTITION BY listener_id ORDER BY rest DESC,
            tie(show_id, valid_from)) <= micro - sum(base) OVER (PARTITION BY listener_id), 1, 0)::HUGEINT AS weight
    FROM cut"""
ITEMS = """
    CREATE TABLE items AS
    WITH summed AS (
        SELECT show_id, valid_from, sum(weight)::HUGEINT AS weight,
            sum(weight - weight * (raw - raw_held) // raw)::HUGEINT AS held_weight
        FROM weighed GROUP BY ALL
    ),
    pool AS (
        SELECT sum(weight)::HUGEINT AS total,
            greatest({divisible} - greatest(least({holdback}, {divisible}), 0), 0)::HUGEINT AS pool FROM summed
    ),
    cut AS (SELECT *, pool * weight // total AS base, pool * weight % total AS rest FROM summed, pool)
    SELECT show_id, valid_from, weight, held_weight, base + if(row_number() OVER (ORDER BY rest DESC,
        tie(show_id, valid_from)) <= pool - sum(base) OVER (), 1, 0)::HUGEINT AS item_minor
    FROM cut"""
PAYEES = """
    CREATE TABLE payees AS
    WITH shared AS (
        SELECT i.*, s.payee_id, coalesce(s.share, 1)::HUGEINT AS share,
            sum(coalesce(s.share, 1)) OVER (PARTITION BY i.show_id, i.valid_from)::HUGEINT AS total
        FROM items AS i LEFT JOIN splits AS s ON s.show_id = i.show_id AND s.valid_from = i.valid_from
    ),
    cut AS (SELECT *, item_minor * share // total AS base, item_minor * share % total AS rest FROM shared),
    amounts AS (
        SELECT show_id, valid_from, payee_id, weight, held_weight, item_minor, base + if(row_number() OVER (
            PARTITION BY show_id, valid_from ORDER BY rest DESC, tie_of_payee(show_id, valid_from, payee_id)
            ) <= item_minor - sum(base) OVER (PARTITION BY show_id, valid_from), 1, 0) AS amount_minor
        FROM cut
    )
    SELECT show_id, valid_from, payee_id, weight, item_minor::BIGINT AS item_minor,
        amount_minor::BIGINT AS amount_minor,
        if(amount_minor = 0 OR payee_id IS NULL, 0,
            amount_minor - amount_minor * (weight - held_weight) // weight)::BIGINT AS held_minor
    FROM amounts"""
SETTLED = """
    SELECT l.listen_id, l.listener_id, l.listen_day, l.show_id, l.valid_from, CASE l.standing WHEN 'payable'
            THEN if(l.valid_from IS NULL, 'unassigned', 'paid') ELSE l.standing END AS class,
        l.heard_ms, coalesce(w.raw, 0)::BIGINT AS raw_weight,
        coalesce(w.weight, 0)::DECIMAL(38, 0) AS scaled_weight
    FROM of_run AS l LEFT JOIN weighed AS w ON w.listener_id = l.listener_id AND w.show_id = l.show_id
        AND w.valid_from IS NOT DISTINCT FROM l.valid_from"""


def main() -> int:
    """Allocate the month and write both files."""
    month, given, out = asked("Allocate one month in plain DuckDB.")
    began = time.monotonic()
    with duckdb.connect(config={"threads": len(os.sched_getaffinity(0))}) as sql:
        sql.execute("SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
        for name, paths in given.items():
            listed = ", ".join(f"'{path}'" for path in paths)
            sql.execute(f"CREATE VIEW {name} AS FROM read_parquet([{listed}])")
        sql.execute(TIES)
        sql.execute(HEARD)
        sql.execute(USER_CENTRIC if month.rule == "user_centric" else PRO_RATA)
        net, of_users = month.net_minor, f"least({month.net_minor}, sum(weight)::HUGEINT // {MICRO})"
        divisible = of_users if month.rule == "user_centric" else str(net)
        sql.execute(ITEMS.format(divisible=divisible, holdback=HOLDBACK_MINOR))
        sql.execute(PAYEES)
        payees = "SELECT * REPLACE (weight::DECIMAL(38, 0) AS weight) FROM payees"
        sql.execute(f"COPY ({payees}) TO '{out}/allocations.parquet'")
        sql.execute(f"COPY ({SETTLED}) TO '{out}/listen_settlements.parquet'")
    print(json.dumps({"own_s": time.monotonic() - began}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
