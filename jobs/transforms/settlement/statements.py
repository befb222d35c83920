"""What moved on the accounts of payees, close by close."""

from jobs.transforms.settlement.ledger import OF_PERIODS, signed

MOVEMENTS = (
    "accrued_minor", "adjusted_minor", "assigned_minor", "held_minor", "released_minor", "paid_minor", "withheld_minor",
    "returned_minor", "converted_minor",
)  # fmt: skip
"""Columns of a statement between its opening and its closing."""


def statements(ledger: str, closes: str) -> str:
    """Rows of ``gold/statements``: what moved on each payee's accounts in each close, from their first one on.

    ``closes`` are the months posted, ``settlement_period``.
    """
    of_payee = "(starts_with(account, 'payable:') OR starts_with(account, 'hold:'))"
    is_payable, is_hold = "starts_with(account, 'payable:')", "starts_with(account, 'hold:')"
    earned = f"kind IN {OF_PERIODS}"

    def moved(condition: str, amount: str = signed()) -> str:
        return f"coalesce(sum({amount}) FILTER ({condition}), 0)::BIGINT"

    movements = f"""
        {moved("kind = 'accrual'")} AS accrued_minor, {moved("kind = 'adjustment'")} AS adjusted_minor,
        {moved(f"kind = 'assign' AND {is_payable}")} AS assigned_minor,
        {moved(f"{earned} AND {is_hold} AND side = 'credit'", "amount_minor")} AS held_minor,
        {moved(f"{earned} AND {is_hold} AND side = 'debit'", "amount_minor")} AS released_minor"""
    return f"""
        WITH movements AS (
            SELECT payee_id, currency, settlement_period, {movements},
                {moved("kind = 'payment'", f"-{signed()}")} AS paid_minor,
                {moved("kind = 'withholding' AND " + is_payable, f"-{signed()}")} AS withheld_minor,
                {moved("kind = 'return' AND " + is_payable)} AS returned_minor,
                {moved("kind = 'conversion'")} AS converted_minor,
                {moved(is_payable)} AS moved_minor
            FROM {ledger} WHERE {of_payee} GROUP BY ALL
        ),
        shown AS (
            SELECT payee_id, currency, settlement_period, list(struct_pack(show_id, program, period, accrued_minor,
                adjusted_minor, assigned_minor, held_minor, released_minor) ORDER BY show_id, program, period) AS lines
            FROM (
                SELECT payee_id, currency, settlement_period, show_id, program, period, {movements}
                FROM {ledger} WHERE {of_payee} AND show_id IS NOT NULL GROUP BY ALL
            ) GROUP BY ALL
        ),
        spans AS (
            SELECT payee_id, currency, c.settlement_period
            FROM (SELECT payee_id, currency, min(settlement_period) AS first FROM movements GROUP BY ALL)
            JOIN {closes} AS c ON c.settlement_period >= first
        )
        SELECT payee_id, currency, settlement_period, closing_minor - moved_minor AS opening_minor,
            {", ".join(MOVEMENTS)}, closing_minor, lines
        FROM (
            SELECT s.*, {", ".join(f"coalesce(m.{name}, 0) AS {name}" for name in (*MOVEMENTS, "moved_minor"))},
                coalesce(l.lines, []) AS lines, sum(coalesce(m.moved_minor, 0)) OVER (
                    PARTITION BY s.payee_id, s.currency ORDER BY s.settlement_period
                )::BIGINT AS closing_minor
            FROM spans AS s LEFT JOIN movements AS m USING (payee_id, currency, settlement_period)
            LEFT JOIN shown AS l USING (payee_id, currency, settlement_period)
        )"""
