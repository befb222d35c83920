"""Old listens that all come in just before a cut-off."""

from collections.abc import Mapping

from jobs.transforms.settlement.suspicion import Suspicion


def _backdated(allowed: Mapping[str, int]) -> str:
    """Whether a listen came in within so many hours of a cut-off, so many days after it was heard, as SQL."""
    return f"""(cut_off_after - last_received_at <= INTERVAL {allowed["within_hours"]} HOUR
        AND last_received_at - last_at >= INTERVAL {allowed["older_days"]} DAY)"""


RULE = Suspicion(
    about="a show much of whose month came in at the last moment before a cut-off, long after it is said to be heard",
    unit=("show_id", "month"),
    of="per cent of a show's counted listens in a month that came in late and just before a cut-off",
    measured=lambda allowed: (
        f"""
        SELECT show_id, month, if(listeners < {allowed["listeners"]}, 0, late * 100 // counted) AS measured FROM (
            SELECT show_id, month, count(*) AS counted, count(*) FILTER ({_backdated(allowed)}) AS late,
                count(DISTINCT listener_id) FILTER ({_backdated(allowed)}) AS listeners
            FROM listens GROUP BY ALL
        )"""
    ),
    which=_backdated,
    settings={
        "within_hours": "came in so many hours before a cut-off or less",
        "older_days": "so many days after it was heard or more",
        "listeners": "by at least so many listeners",
    },
)
