"""What a listener's listening brings to payees, about, before anything is settled: for rules that hold listens."""

from jobs.finance.programs import OF_A_POOL, OF_USERS
from jobs.transforms.settlement.weights import MICRO, of_runs

COLUMNS = "listener_id, month, currency, show_id, payee_id, fee_minor, brought_micro"


def brought_by_listeners(listens: str, runs: str, members: str, pools: str, splits: str, fees: str) -> str:
    """Rows of ``COLUMNS``: micro-units out of shared pools by listener, show and payee, beside the listener's own fees.

    Relations are those of ``shares_of_run``, ``listens`` those of ``freezing.facts``. Pools are taken whole and no cap
    is applied. Only listeners who pay a fee in that month and currency are in it, by programs that divide fees.
    """
    standing = f"(SELECT *, 'payable' AS standing, NULL::TIMESTAMPTZ AS held_since FROM {listens})"
    versions = f"(SELECT DISTINCT show_id, valid_from, valid_to FROM {splits})"
    return f"""
        WITH heard AS (
            SELECT run_no, listener_id, show_id, valid_from, sum(heard_ms)::HUGEINT AS heard_ms
            FROM ({of_runs(standing, _runs_by(runs, OF_A_POOL), members, versions)}) GROUP BY ALL
        ),
        totals AS (SELECT run_no, sum(heard_ms) AS total_ms FROM heard GROUP BY run_no),
        paid AS (
            SELECT r.period AS month, p.currency, f.listener_id, sum(f.fee_minor)::HUGEINT AS fee_minor
            FROM {fees} AS f JOIN {_runs_by(runs, OF_USERS)} AS r USING (program, period)
            JOIN {pools} AS p USING (run_no)
            WHERE f.fee_minor > 0 GROUP BY ALL
        ),
        shares AS (
            SELECT *, sum(share) OVER (PARTITION BY show_id, valid_from)::HUGEINT AS total_shares FROM {splits}
        )
        SELECT h.listener_id, r.period AS month, p.currency, h.show_id, s.payee_id, paid.fee_minor,
            greatest(p.net_minor, 0)::HUGEINT * {MICRO} * h.heard_ms // t.total_ms * s.share::HUGEINT // s.total_shares
                AS brought_micro
        FROM heard AS h JOIN totals AS t USING (run_no) JOIN {runs} AS r USING (run_no) JOIN {pools} AS p USING (run_no)
        JOIN paid ON paid.listener_id = h.listener_id AND paid.month = r.period AND paid.currency = p.currency
        JOIN shares AS s ON s.show_id = h.show_id AND s.valid_from = h.valid_from
        WHERE t.total_ms > 0"""


def _runs_by(runs: str, rules: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{rule}'" for rule in rules)
    return f"(FROM {runs} WHERE rule IN ({listed}))"
