"""Hundreds of listens on a day."""

from jobs.transforms.settlement.suspicion import Suspicion

RULE = Suspicion(
    about="a listener with so many counted listens on one day that nobody can have heard them",
    unit=("listener_id", "listen_day"),
    of="counted listens of a listener on a day",
    measured=lambda allowed: "SELECT listener_id, listen_day, count(*) AS measured FROM listens GROUP BY ALL",
)
