"""Which listens look suspicious: held by a named rule, with what was measured and what it allows, until decided."""

from collections.abc import Sequence

from jobs.finance.programs import DatedHold, HoldRule


def suspicious(listens: str, holds: Sequence[DatedHold]) -> str:
    """Rows of ``listen_id, rule, measured, threshold`` for counted listens of a share of the listeners.

    Of several thresholds of a rule the newest on or before the listen's day is in force.
    """
    by_rule = {HoldRule.MANY_LISTENS: _many_listens}
    return " UNION ALL ".join(query(listens, _in_force(holds, rule)) for rule, query in by_rule.items())


def _many_listens(listens: str, threshold: str) -> str:
    """All listens of a day on which their listener has more counted ones than allowed."""
    return f"""
        SELECT listen_id, '{HoldRule.MANY_LISTENS}' AS rule, measured, threshold::BIGINT AS threshold FROM (
            SELECT listen_id, count(*) OVER (PARTITION BY listener_id, listen_day) AS measured,
                {threshold} AS threshold
            FROM {listens} WHERE status = 'counted'
        ) WHERE measured > threshold"""


def _in_force(holds: Sequence[DatedHold], rule: HoldRule) -> str:
    """The threshold on a listen's day, as SQL; null before the first."""
    of_rule = [hold for hold in holds if hold.rule == rule.value]
    dated = sorted(of_rule, key=lambda hold: hold.since, reverse=True)
    cases = " ".join(f"WHEN listen_day >= DATE '{hold.since}' THEN {hold.threshold}" for hold in dated)
    return f"CASE {cases} END" if dated else "NULL"
