"""Which records are refused: contract section 6, for what the line alone cannot tell."""

OVERHANG_MS = 2000
IS_BAD_INTERVAL = f"(type = 'progress' AND (from_ms < 0 OR to_ms <= from_ms OR to_ms > duration_ms + {OVERHANG_MS}))"
"""Whether a progress record names content that its episode does not have; lengths in ms."""

BY_CATALOGUE = f"CASE WHEN duration_ms IS NULL THEN 'unknown_episode' WHEN {IS_BAD_INTERVAL} THEN 'bad_interval' END"
"""Why the catalogue refuses a record; null where it does not."""


def judged(records: str, episodes: str) -> str:
    """Rows of ``bronze/sync_records`` with ``reason``: null where accepted, else the first that applies.

    ``episodes`` gives ``episode_id`` and ``duration_ms``; a record of an episode that is not there keeps a
    null duration, by the left join, and is refused for it.
    """
    return f"""
        SELECT r.* EXCLUDE (reason), e.duration_ms, coalesce(r.reason, {BY_CATALOGUE}) AS reason
        FROM {records} AS r LEFT JOIN (SELECT episode_id, duration_ms FROM {episodes}) AS e USING (episode_id)"""
