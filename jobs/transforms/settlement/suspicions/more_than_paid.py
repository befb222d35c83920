"""A listener who is worth more to one payee than they pay."""

from jobs.transforms.settlement.suspicion import Suspicion

RULE = Suspicion(
    about="a subscriber whose listening brings one payee more out of shared pools than they pay in that month",
    unit=("listener_id", "month", "show_id"),
    of="per cent of a listener's own fees that one payee gets by their listening out of shared pools",
    measured=lambda allowed: (
        """
        WITH by_payee AS (
            SELECT listener_id, month, currency, payee_id,
                sum(brought_micro) * 100 // (any_value(fee_minor) * 1000000) AS measured
            FROM brought GROUP BY ALL
        )
        SELECT listener_id, month, show_id, max(measured)::BIGINT AS measured
        FROM brought JOIN by_payee USING (listener_id, month, currency, payee_id) GROUP BY ALL"""
    ),
    needs=frozenset({"money"}),
)
