"""From events to listens: contract section 7.

A listen is the sum of its parts: what some of its events say of it. Parts of different events add up to the same
listen in any grouping, so what is stored is one more part to what comes later.
"""

from jobs.transforms.clock import IS_SURE
from jobs.transforms.intervals import unions
from jobs.transforms.rules import CountingRules, in_force, names_a_product

KEY = ("listener_id", "episode_id", "listen_day", "evidence")
BOT_AGENT, IMPOSSIBLE_DAY = "bot_agent", "impossible_day"
FLAGS = {BOT_AGENT: "is_bot", IMPOSSIBLE_DAY: "is_impossible"}
"""The reasons that make a listen invalid, sorted, and what says so of its parts."""

_KEY = ", ".join(KEY)
_ANY_FLAG = ", ".join(f"bool_or({flag}) AS {flag}" for flag in FLAGS.values())
PLAYED_MS = "((to_ms - from_ms) // rate_milli) * 1000 + (((to_ms - from_ms) % rate_milli) * 1000) // rate_milli"
"""Time spent on a progress event: its length over its rate, floored, ms; no step overflows a BIGINT."""


def progress(events: str, rules: CountingRules) -> str:
    """The progress events, with ``played_ms`` and ``device_day``, the UTC date on which each was played.

    ``is_sure`` says whether a device's day adds it up: a claim names a device that nothing proves. ``is_bot`` says that
    what sent it calls itself a machine that nobody listens to.
    """
    is_bot = names_a_product(rules.bot_agents, "listen_day", "user_agent")
    return f"""
        SELECT device_id, bucket, {_KEY}, session_id, from_ms, to_ms, {PLAYED_MS} AS played_ms,
            if(offline = 1, to_ms - from_ms, 0) AS offline_ms, "at",
            make_timestamp(epoch_us("at"))::DATE AS device_day, received_at,
            ({IS_SURE} AND evidence = 'measured') AS is_sure, (evidence = 'measured' AND {is_bot}) AS is_bot
        FROM {events} WHERE type = 'progress'"""


def device_days(heard: str) -> str:
    """What each device played on each UTC date by sure clocks, ms: rows of ``silver/device_days``."""
    return f"""
        SELECT device_id, device_day AS day, sum(played_ms)::BIGINT AS played_ms, any_value(bucket) AS bucket
        FROM {heard} WHERE is_sure GROUP BY device_id, device_day"""


def impossible_days(totals: str, rules: CountingRules) -> str:
    """Rows of ``silver/impossible_days`` from all that devices played on the days in question."""
    return f"""
        SELECT device_id, day, played_ms FROM (
            SELECT device_id, day, sum(played_ms)::BIGINT AS played_ms FROM {totals} GROUP BY device_id, day
        ) WHERE played_ms > {in_force(rules.impossible_day_ms, "day")}"""


def parts(heard: str, impossible: str) -> str:
    """What progress events say of their listens, a row a listen; ``impossible`` are the impossible device days.

    Columns are the key, ``heard``, ``played_ms``, ``offline_ms``, ``session_ids``, ``first_at``, ``last_at``,
    ``last_received_at`` and ``FLAGS``. The numbers of the keys are given once, as no order makes them.
    """
    return f"""
        WITH keys AS MATERIALIZED (SELECT row_number() OVER () AS k, {_KEY} FROM (SELECT DISTINCT {_KEY} FROM {heard})),
        rows AS (
            SELECT k, h.* EXCLUDE ({_KEY}), h.is_sure AND i.device_id IS NOT NULL AS is_impossible
            FROM {heard} AS h JOIN keys USING ({_KEY})
            LEFT JOIN (SELECT device_id, day FROM {impossible}) AS i
                ON h.device_id = i.device_id AND h.device_day = i.day
        ),
        totals AS (
            SELECT k, sum(played_ms)::BIGINT AS played_ms, sum(offline_ms)::BIGINT AS offline_ms,
                list(DISTINCT session_id) AS session_ids, min("at") AS first_at, max("at") AS last_at,
                max(received_at) AS last_received_at, {_ANY_FLAG}
            FROM rows GROUP BY k
        ),
        unions AS ({unions("rows", "k")})
        SELECT {_KEY}, heard, totals.* EXCLUDE (k) FROM keys JOIN totals USING (k) JOIN unions USING (k)"""


def summed(parts: str) -> str:
    """The same columns, one row a listen: all its parts together. ``parts`` is a kept table."""
    return f"""
        WITH several AS (SELECT {_KEY} FROM {parts} GROUP BY {_KEY} HAVING count(*) > 1),
        keys AS MATERIALIZED (SELECT row_number() OVER () AS k, {_KEY} FROM several),
        rows AS (SELECT k, p.* EXCLUDE ({_KEY}) FROM {parts} AS p JOIN keys USING ({_KEY})),
        totals AS (
            SELECT k, sum(played_ms)::BIGINT AS played_ms, sum(offline_ms)::BIGINT AS offline_ms,
                list_distinct(flatten(list(session_ids))) AS session_ids, min(first_at) AS first_at,
                max(last_at) AS last_at, max(last_received_at) AS last_received_at, {_ANY_FLAG}
            FROM rows GROUP BY k
        ),
        pieces AS (SELECT k, unnest(heard, recursive := true) FROM rows),
        unions AS ({unions("pieces", "k")})
        SELECT {_KEY}, heard, totals.* EXCLUDE (k) FROM keys JOIN totals USING (k) JOIN unions USING (k)
        UNION ALL
        SELECT p.* FROM {parts} AS p ANTI JOIN several USING ({_KEY})"""


def as_parts(listens: str, sessions: str) -> str:
    """Stored listens as parts; ``sessions`` are the rows of ``silver/listen_sessions`` of these."""
    flags = ", ".join(f"list_contains(reasons, '{reason}') AS {flag}" for reason, flag in FLAGS.items())
    return f"""
        SELECT {", ".join(f"l.{name}" for name in KEY)}, heard, played_ms, offline_ms, s.session_ids, first_at, last_at,
            last_received_at, {flags}
        FROM {listens} AS l LEFT JOIN (
            SELECT listen_id, list(session_id) AS session_ids FROM {sessions} GROUP BY listen_id
        ) AS s USING (listen_id)"""


def listens(whole: str, episodes: str, rules: CountingRules) -> str:
    """Rows of ``silver/listens``, and their ``session_ids``, from listens that are whole (see :func:`summed`).

    ``episodes`` is the catalogue; a listen's episode is always there, or its events would not be. Claims hold one
    another and tell no speed, so the time spent is the content they cover.
    """
    reasons = " || ".join(f"if({flag}, ['{reason}'], [])" for reason, flag in FLAGS.items())
    return f"""
        WITH named AS (
            SELECT w.*, {listen_id("w")} AS listen_id, e.show_id, e.creator_id, e.duration_ms,
                list_sum(list_transform(heard, lambda piece: piece.to_ms - piece.from_ms))::BIGINT AS heard_ms
            FROM {whole} AS w LEFT JOIN (SELECT episode_id, show_id, creator_id, duration_ms FROM {episodes}) AS e
                USING (episode_id)
        )
        SELECT listen_id, {_KEY}, show_id, creator_id, heard, heard_ms,
            if(evidence = 'claimed', heard_ms, played_ms) AS played_ms, offline_ms,
            len(session_ids)::BIGINT AS sessions, first_at, last_at, last_received_at,
            heard_ms::HUGEINT * 100 >= duration_ms::HUGEINT * {in_force(rules.completed_percent, "listen_day")}
                AS completed,
            CASE WHEN {" OR ".join(FLAGS.values())} THEN 'invalid'
                WHEN heard_ms > {in_force(rules.min_heard_ms, "listen_day")} THEN 'counted'
                ELSE 'too_short' END AS status,
            {reasons} AS reasons, session_ids
        FROM named"""


def listen_id(row: str) -> str:
    """First 32 hex digits of the SHA-256 of the key; ``claimed`` listens have ids of their own."""
    prefix = f"if({row}.evidence = 'claimed', 'listen/1/claimed', 'listen/1')"
    key = f"concat_ws(chr(10), {prefix}, {row}.listener_id, {row}.episode_id, {row}.listen_day::VARCHAR)"
    return f"left(sha256({key}), 32)"
