"""From runs to postings: what accounts should hold, less what was posted, is what is posted now.

Amounts are signed here: what is owed (a credit) is positive.
"""

from jobs.transforms.settlement.dividing import divided, tie_of

PERIOD = "program, period"
ACCOUNT = "account, currency, payee_id, show_id"
OF_PERIODS = ("accrual", "adjustment")
"""Kinds of entries that a period's runs make; the others move what these brought."""


def targets(runs: str, figures: str, sources: str, allocations: str) -> str:
    """What each account should hold of a program and period by its run: ``run_id, account, …, amount_minor``.

    ``runs`` are ``run_id, program, period, is_final``; ``figures`` the pools of runs: ``run_id, currency, fee_minor,
    holdback_minor, waiting_minor``; ``sources`` ``run_id, currency, source, gross_minor``. They add up to 0.
    """
    waits = "if(is_final, 'undistributed:', 'suspense:') || program"
    of_program = f"""
        SELECT run_id, source AS account, currency, -gross_minor AS amount_minor FROM {sources}
        UNION ALL SELECT run_id, 'fee:' || program, currency, fee_minor FROM {figures} JOIN {runs} USING (run_id)
        UNION ALL SELECT run_id, 'holdback:' || program, currency, holdback_minor
            FROM {figures} JOIN {runs} USING (run_id)
        UNION ALL SELECT run_id, {waits}, currency, waiting_minor FROM {figures} JOIN {runs} USING (run_id)"""
    return f"""
        SELECT run_id, account, currency, NULL::VARCHAR AS payee_id, NULL::VARCHAR AS show_id, amount_minor
        FROM ({of_program})
        UNION ALL
        SELECT run_id, 'payable:' || payee_id, currency, payee_id, show_id, amount_minor - held_minor
        FROM {allocations} WHERE payee_id IS NOT NULL
        UNION ALL
        SELECT run_id, 'hold:' || payee_id, currency, payee_id, show_id, held_minor
        FROM {allocations} WHERE payee_id IS NOT NULL
        UNION ALL
        SELECT run_id, 'unassigned:' || show_id, currency, NULL, show_id, amount_minor
        FROM {allocations} WHERE payee_id IS NULL"""


def signed(side: str = "side", amount: str = "amount_minor") -> str:
    """A posting's amount, credits positive."""
    return f"if({side} = 'credit', {amount}, -{amount})"


def differences(runs: str, targets: str, ledger: str) -> str:
    """By run and account what is to be posted: what it should hold, less what the period's runs posted before.

    An account that should hold nothing any more is one of them.
    """
    return f"""
        SELECT run_id, {ACCOUNT}, sum(amount_minor)::HUGEINT AS amount_minor FROM (
            SELECT run_id, {ACCOUNT}, amount_minor::HUGEINT AS amount_minor FROM {targets}
            UNION ALL
            SELECT r.run_id, {ACCOUNT}, -{signed()}::HUGEINT FROM {ledger} AS l JOIN {runs} AS r USING ({PERIOD})
            WHERE kind IN {OF_PERIODS}
        ) GROUP BY run_id, {ACCOUNT} HAVING sum(amount_minor) <> 0
        ORDER BY run_id, {ACCOUNT}"""


def balances(ledger: str) -> str:
    """What each account holds, by currency and payee, credits positive."""
    return f"""
        SELECT account, currency, any_value(payee_id) AS payee_id, sum({signed()})::BIGINT AS balance_minor
        FROM {ledger} GROUP BY account, currency"""


def unassigned(ledger: str, finals: str) -> str:
    """What waits for a split in months that are final, by show: ``program, period, currency, show_id, amount_minor``.

    ``finals`` are their ``program, period``.
    """
    return f"""
        SELECT program, period, currency, show_id, sum({signed()})::HUGEINT AS amount_minor
        FROM {ledger} SEMI JOIN {finals} USING (program, period)
        WHERE starts_with(account, 'unassigned:')
        GROUP BY ALL HAVING sum({signed()}) > 0"""


def assigned(waiting: str, splits: str, day: str) -> str:
    """The same over the payees of the split version in force on that day, by shares: ``payee_id, amount_minor``."""
    tie = tie_of("program", "period", "show_id", "valid_from", "payee_id")
    rows = f"""(
        SELECT w.*, s.valid_from, s.payee_id, s.share::HUGEINT AS share
        FROM {waiting} AS w JOIN {splits} AS s ON s.show_id = w.show_id AND s.valid_from <= {day}
            AND (s.valid_to IS NULL OR {day} < s.valid_to)
    )"""
    within = "program, period, currency, show_id"
    return f"""
        SELECT {within}, payee_id, base + bonus AS amount_minor
        FROM ({divided(rows, "amount_minor", "share", within, tie)})
        ORDER BY ALL"""
