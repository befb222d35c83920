"""From the weights of items to the amounts of payees: two stages, each of which adds up to the unit."""

from jobs.finance.programs import Rule
from jobs.transforms.settlement.dividing import divided, floored, tie_of
from jobs.transforms.settlement.weights import MICRO


def pools_to_divide(pools: str, runs: str, items: str, scales: str) -> str:
    """Each pool with ``divisible_minor`` (U), ``held_back_minor`` and ``pool_minor``, what is divided now.

    U is the net, or for rules that divide what each listener paid the lesser of it and what those paid who heard
    something. The holdback is at least 0 and at most U, and 0 where the period is final. What is left of the net waits.
    """
    return f"""
        SELECT *, if(is_final, 0, greatest(least(holdback_minor, divisible_minor), 0))::BIGINT AS held_back_minor,
            if(coalesce(weight, 0) = 0, 0, greatest(divisible_minor - held_back_minor, 0))::BIGINT AS pool_minor
        FROM (
            SELECT p.*, r.program, r.period, r.is_final, w.weight, (CASE r.rule
                WHEN '{Rule.USER_CENTRIC}' THEN least(p.net_minor, coalesce(w.weight, 0)::HUGEINT // {MICRO})
                WHEN '{Rule.SCALED_USER}' THEN least(p.net_minor, coalesce(s.fees, 0))
                ELSE p.net_minor END)::BIGINT AS divisible_minor
            FROM {pools} AS p JOIN {runs} AS r USING (run_no)
            LEFT JOIN (SELECT run_no, campaign_id, sum(weight) AS weight FROM {items} GROUP BY ALL) AS w
                USING (run_no, campaign_id)
            LEFT JOIN {scales} AS s USING (run_no)
        )"""


def of_items(pools: str, items: str) -> str:
    """The first stage: each pool over the items of its run, or of its campaign."""
    rows = f"""(
        SELECT pool_no, run_no, program, period, currency, campaign_id, pool_minor, i.show_id, i.valid_from, i.weight,
            i.held_weight
        FROM {pools} JOIN {items} AS i USING (run_no, campaign_id)
    )"""
    tie = tie_of("program", "period", "show_id", "valid_from")
    return f"""
        SELECT * EXCLUDE (total, base, remainder, bonus), total AS total_weight, base AS item_base,
            remainder AS item_remainder, bonus AS item_bonus, base + bonus AS item_minor
        FROM ({divided(rows, "pool_minor", "weight", "pool_no", tie)})"""


def of_payees(items: str, splits: str) -> str:
    """The second stage: each item's amount over its payees by shares, and what of each is held.

    ``splits`` are ``show_id, valid_from, payee_id, share``. An item without a version has one row without a payee.
    """
    rows = f"""(
        SELECT i.*, s.payee_id, coalesce(s.share, 1)::HUGEINT AS share
        FROM {items} AS i LEFT JOIN {splits} AS s ON s.show_id = i.show_id AND s.valid_from = i.valid_from
    )"""
    tie = tie_of("program", "period", "show_id", "valid_from", "payee_id")
    return f"""
        SELECT *, if(amount_minor = 0 OR payee_id IS NULL OR held_weight = 0, 0,
                amount_minor - {floored("amount_minor", "weight - held_weight", "weight")}) AS held_minor
        FROM (
            SELECT * EXCLUDE (total, base), total AS total_shares, base AS base_minor, bonus AS bonus_minor,
                base + bonus AS amount_minor
            FROM ({divided(rows, "item_minor", "share", "pool_no, show_id, valid_from", tie)})
        )"""


def not_added_up(pools: str, items: str, payees: str) -> str:
    """Pools of which a stage does not add up, or in which something got more than a unit beyond its quota.

    Returns no row where all is well; asserted in the task for every pool.
    """
    return f"""
        SELECT pool_no, 'items add up to ' || coalesce(sum(item_minor), 0) || ', not to ' || any_value(p.pool_minor)
        FROM {pools} AS p LEFT JOIN {items} AS i USING (pool_no) GROUP BY pool_no
        HAVING coalesce(sum(item_minor), 0) <> any_value(p.pool_minor)
        UNION ALL
        SELECT i.pool_no, 'payees of ' || i.show_id || ' add up to ' || coalesce(sum(amount_minor), 0)
        FROM {items} AS i LEFT JOIN (SELECT pool_no, show_id, valid_from, amount_minor FROM {payees}) AS p
            ON p.pool_no = i.pool_no AND p.show_id = i.show_id AND p.valid_from IS NOT DISTINCT FROM i.valid_from
        GROUP BY i.pool_no, i.show_id, i.valid_from HAVING coalesce(sum(amount_minor), 0) <> any_value(i.item_minor)
        UNION ALL
        SELECT pool_no, 'more than the quota of ' || show_id FROM {payees}
        WHERE item_minor - item_base NOT BETWEEN 0 AND 1 OR amount_minor - base_minor NOT BETWEEN 0 AND 1
            OR held_minor NOT BETWEEN 0 AND amount_minor"""


def run_checksums(allocations: str) -> str:
    """By ``run_id`` the SHA-256 over its allocations in the order of their key, whatever files they are in."""
    columns = (
        "program", "period", "currency", "campaign_id", "show_id", "valid_from", "payee_id", "weight", "held_weight",
        "total_weight", "pool_minor", "item_base", "item_remainder", "item_bonus", "item_minor", "share",
        "total_shares", "base_minor", "remainder", "bonus_minor", "amount_minor", "held_minor",
    )  # fmt: skip
    row = ", ".join(f"coalesce({name}::VARCHAR, '')" for name in columns)
    order = ", ".join(f"{name} NULLS FIRST" for name in columns[2:7])
    return f"""
        SELECT run_id, sha256(string_agg(md5(concat_ws(chr(10), {row})), '' ORDER BY {order})) AS checksum
        FROM {allocations} GROUP BY run_id"""
