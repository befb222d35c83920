"""From accepted copies to events: the copy that counts, one an id (contract section 5)."""

COUNTING_ORDER = ("received_ms", "receipt", "line_key", "position")
EVENT_ORDER = ("received_at", "receipt", "line_key", "position")


def counting_copies(judged: str) -> str:
    """One row an ``id``: of the accepted copies that with the smallest :data:`COUNTING_ORDER`.

    ``judged`` is a kept table, so that its rows have numbers.
    """
    order = ", ".join(COUNTING_ORDER)
    return f"""
        SELECT copies.* FROM {judged} AS copies SEMI JOIN (
            SELECT arg_min(rowid, ({order})) AS first FROM {judged} WHERE reason IS NULL GROUP BY id
        ) AS firsts ON copies.rowid = firsts.first"""


def as_events(copies: str) -> str:
    """Rows of ``silver/events`` from counting copies that were placed in time."""
    return f"""
        SELECT id, device_id, log_epoch, seq, coalesce(nullif(account_id, ''), device_id) AS listener_id, episode_id,
            type, make_timestamptz(at_ms * 1000) AS "at", make_timestamptz(session_at_ms * 1000) AS session_at, clock,
            make_timestamptz(received_ms * 1000) AS received_at,
            make_timestamp(session_at_ms * 1000)::DATE AS listen_day, dialect, 'measured' AS evidence, session_id,
            from_ms, to_ms, rate_milli, offline::INTEGER AS offline, wall_ms, country, user_agent, network, receipt,
            line_key, position, bucket
        FROM {copies}"""


def moves(copies: str, known: str) -> str:
    """Of event rows under known ids, those that come before the known row in the counting order."""
    new, old = (f"({', '.join(f'{name}.{column}' for column in EVENT_ORDER)})" for name in ("copy", "event"))
    return f"SELECT copy.* FROM {copies} AS copy JOIN {known} AS event USING (id) WHERE {new} < {old}"
