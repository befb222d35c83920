"""Many listeners, one recording."""

from jobs.transforms.settlement.suspicion import Suspicion

RULE = Suspicion(
    about="the very same stretches of an episode, not all of it, heard to the millisecond by many listeners in a month",
    unit=("episode_id", "month", "pattern"),
    of="listeners with the same stretches of an episode in a month",
    measured=lambda allowed: (
        """
        SELECT episode_id, month, pattern, count(*) AS measured
        FROM (SELECT DISTINCT episode_id, month, pattern, listener_id FROM listens WHERE NOT completed)
        GROUP BY ALL"""
    ),
    which=lambda allowed: "NOT completed",
)
