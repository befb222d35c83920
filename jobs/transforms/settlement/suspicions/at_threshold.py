"""Just long enough to count."""

from collections.abc import Mapping

from jobs.transforms.settlement.suspicion import Suspicion


def _just_counted(allowed: Mapping[str, int]) -> str:
    return f"heard_ms <= min_heard_ms + {allowed['within_ms']}"


RULE = Suspicion(
    about="an episode most of whose listens end within seconds of the length from which a listen counts",
    unit=("episode_id", "month"),
    of="per cent of an episode's counted listens in a month that are just long enough",
    measured=lambda allowed: (
        f"""
        SELECT episode_id, month, count(*) FILTER ({_just_counted(allowed)}) * 100 // count(*) AS measured
        FROM listens GROUP BY ALL HAVING count(*) >= {allowed["listens"]}"""
    ),
    which=_just_counted,
    settings={"within_ms": "so many ms over the least length are just long enough", "listens": "of at least so many"},
)
