"""Playing around the clock, day after day."""

from collections.abc import Mapping

from jobs.transforms.settlement.suspicion import Suspicion


def _measured(allowed: Mapping[str, int]) -> str:
    """The day's hours, where enough days around it have too many; 0 otherwise, so that peers are all days."""
    most, days, window = allowed["threshold"], allowed["days"], allowed["of_days"]
    return f"""
        WITH by_day AS (
            SELECT listener_id, listen_day, bit_count(bit_or(hours)) AS hours FROM active_hours
            WHERE listen_day IN (SELECT DISTINCT listen_day FROM listens) GROUP BY ALL
        ),
        long_days AS (SELECT listener_id, listen_day FROM by_day WHERE hours > {most}),
        in_row AS (
            SELECT listener_id, listen_day AS first, count(*) OVER (
                PARTITION BY listener_id ORDER BY listen_day
                RANGE BETWEEN CURRENT ROW AND INTERVAL {window - 1} DAY FOLLOWING) AS days
            FROM long_days
        ),
        around AS (
            SELECT DISTINCT l.listener_id, l.listen_day FROM long_days AS l JOIN in_row AS r
                ON r.listener_id = l.listener_id AND r.days >= {days}
                AND l.listen_day BETWEEN r.first AND r.first + {window - 1}
        )
        SELECT b.listener_id, b.listen_day, if(b.hours > {most} AND a.listener_id IS NULL, {most}, b.hours) AS measured
        FROM by_day AS b LEFT JOIN around AS a USING (listener_id, listen_day)"""


RULE = Suspicion(
    about="playing in more hours of a day than anybody is awake, on several days of a few, over all devices",
    unit=("listener_id", "listen_day"),
    of="UTC hours of a day in which a listener's devices played",
    measured=_measured,
    settings={"days": "so many such days", "of_days": "within so many days"},
    needs=frozenset({"active_hours"}),
)
