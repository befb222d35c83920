"""When a record happened: contract section 5."""

TOLERANCE_MS = 120_000
LATEST_MS = 400 * 86_400_000
LONGEST_SESSION_MS = 86_400_000

IS_SURE = "clock NOT IN ('clamped', 'unknown')"
"""Whether an event's clock says when it happened, and not only when it came in."""


def placed(copies: str) -> str:
    """The copies with ``at_ms``, ``session_at_ms`` (Unix ms) and ``clock``, each judged by its own envelope."""
    mono_at = "received_ms - (sent_mono_ms - mono_ms)"
    skew = "received_ms - sent_wall_ms"
    is_monotonic = "coalesce(boot_id = sent_boot_id AND mono_ms <= sent_mono_ms, false)"
    into_session = "wall_ms - session_wall_ms"
    return f"""
        WITH told AS (
            SELECT *, CASE
                WHEN {is_monotonic} THEN if(abs({mono_at} - wall_ms) <= {TOLERANCE_MS}, 'wall', 'monotonic')
                ELSE if(abs({skew}) <= {TOLERANCE_MS}, 'wall', 'offset') END AS told
            FROM {copies}
        ), guessed AS (
            SELECT *, CASE told WHEN 'wall' THEN wall_ms WHEN 'monotonic' THEN {mono_at}
                ELSE wall_ms + {skew} END AS guess_ms
            FROM told
        ), bounded AS (
            SELECT * EXCLUDE (told, guess_ms),
                if(guess_ms < received_ms - {LATEST_MS}, received_ms, least(guess_ms, received_ms)) AS at_ms,
                CASE WHEN guess_ms < received_ms - {LATEST_MS} THEN 'unknown'
                    WHEN guess_ms > received_ms + {TOLERANCE_MS} THEN 'clamped' ELSE told END AS clock
            FROM guessed
        )
        SELECT *, at_ms - if({into_session} BETWEEN 0 AND {LONGEST_SESSION_MS}, {into_session}, 0) AS session_at_ms
        FROM bounded"""
