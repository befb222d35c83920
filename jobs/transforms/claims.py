"""From claims of other dialects to events and refusals: docs/dialects.md, and contract sections 5 to 7."""

from jobs.transforms.records import BY_CATALOGUE


def judged_claims(claims: str, durations: str, names: str) -> str:
    """Rows of ``bronze/claims`` with the ``episode_id`` and ``duration_ms`` of the catalogue, and ``reason``.

    ``durations`` gives both of each episode, ``names`` its ``kind`` (`url` or `guid`), ``name`` and ``episode_id``. A
    name that several episodes have names none. What names no episode keeps a null duration, by the left joins.
    """
    return f"""
        WITH single AS (
            SELECT kind, name, any_value(episode_id) AS episode_id FROM {names}
            GROUP BY kind, name HAVING count(DISTINCT episode_id) = 1
        ),
        found AS (
            SELECT c.*, coalesce(o.episode_id, u.episode_id, g.episode_id) AS found_id
            FROM {claims} AS c
            LEFT JOIN (SELECT episode_id FROM {durations}) AS o ON c.episode_id = o.episode_id
            LEFT JOIN single AS u ON u.kind = 'url' AND c.episode_url = u.name
            LEFT JOIN single AS g ON g.kind = 'guid' AND c.episode_guid = g.name
        )
        SELECT f.* EXCLUDE (found_id)
            REPLACE (coalesce(found_id, f.episode_id) AS episode_id, coalesce(reason, {BY_CATALOGUE}) AS reason)
        FROM found AS f LEFT JOIN (SELECT episode_id AS found_id, duration_ms FROM {durations}) USING (found_id)"""


def claimed_events(copies: str) -> str:
    """Rows of ``silver/events`` from counting copies; nothing tells a session's begin, a speed or a network."""
    return f"""
        SELECT id, device_id, NULL AS log_epoch, NULL AS seq, listener_id, episode_id, type,
            make_timestamptz(at_ms * 1000) AS "at", make_timestamptz(at_ms * 1000) AS session_at, clock,
            make_timestamptz(received_ms * 1000) AS received_at, make_timestamp(at_ms * 1000)::DATE AS listen_day,
            dialect, 'claimed' AS evidence, session_id, from_ms, to_ms, if(type = 'progress', 1000, NULL) AS rate_milli,
            0 AS offline, wall_ms, country, user_agent, network, receipt, line_key, position, bucket
        FROM {copies}"""


def claimed_refusals(judged: str) -> str:
    """Rows of ``silver/rejected`` from refused copies, one a place."""
    return f"""
        SELECT DISTINCT ON (line_key, position) concat_ws(':', line_key, position) AS key, reason, receipt, dialect,
            raw, NULL::BLOB AS raw_bytes, line_key, position, episode_id,
            make_timestamptz(received_ms * 1000) AS received_at, bucket
        FROM {judged} WHERE reason IS NOT NULL"""
