"""What changed in days that had ended and were published: before, after and why."""

from collections.abc import Sequence

FIGURES = (
    "status",
    "reasons",
    "heard_ms",
    "played_ms",
    "offline_ms",
    "sessions",
    "completed",
    "first_at",
    "last_at",
    "creator_id",
)
HEARD = ("heard_ms", "played_ms", "offline_ms", "sessions", "first_at", "last_at")


def restated_listens(before: str, after: str, recatalogued: str, publication: int) -> str:
    """Rows of ``gold/restatements`` from the listens in question, as published before and as they are now.

    A listen that is only on one side was added or is gone; one whose figures are equal is no restatement.
    ``recatalogued`` gives the ``episode_id`` of each episode that the catalogue describes otherwise than before.
    """
    return f"""
        WITH pairs AS (
            SELECT coalesce(b.listen_id, a.listen_id) AS listen_id, coalesce(b.listen_day, a.listen_day) AS listen_day,
                coalesce(b.episode_id, a.episode_id) AS episode_id, b.figures AS before, a.figures AS after,
                b.last_received_at AS received_before, a.last_received_at AS received_after
            FROM ({_figures(before)}) AS b FULL JOIN ({_figures(after)}) AS a USING (listen_id)
        )
        SELECT 'silver/listens' AS "table", listen_id AS key, listen_day, to_json(before)::VARCHAR AS before,
            to_json(after)::VARCHAR AS after, {publication} AS published_before, {publication + 1} AS published_after,
            {_why(recatalogued)} AS why
        FROM pairs WHERE before IS DISTINCT FROM after"""


def _figures(listens: str) -> str:
    """The listens' figures as one struct; instants as Unix ms, so that JSON keeps them exactly."""
    figures = ", ".join(f"'{name}': {f'epoch_ms({name})' if name.endswith('_at') else name}" for name in FIGURES)
    return f"SELECT listen_id, listen_day, episode_id, last_received_at, {{{figures}}} AS figures FROM {listens}"


def _differs(names: Sequence[str]) -> str:
    return "(" + " OR ".join(f"before.{name} IS DISTINCT FROM after.{name}" for name in names) + ")"


def _why(recatalogued: str) -> str:
    """``late``: something came in since; ``catalogue``: its episode changed; ``rule``: what else is decided changed.

    ``rule`` is a device day that became impossible, or is no more, and a dated number; ``corrected`` is all the rest.
    """
    is_recatalogued = f"episode_id IN (SELECT episode_id FROM {recatalogued})"
    return f"""CASE
            WHEN before IS NULL OR coalesce(received_after > received_before, false) THEN 'late'
            WHEN NOT {_differs(HEARD)} AND {is_recatalogued} AND NOT {_differs(["reasons"])} THEN 'catalogue'
            WHEN NOT {_differs(HEARD)} THEN 'rule'
            ELSE 'corrected' END"""
