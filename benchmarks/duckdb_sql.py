"""The statements of the DuckDB script, in the order they run."""

import json

from benchmarks.odd_lines import INTEGERS, ODD, STRINGS

ENVELOPE_STRINGS = (
    "receipt", "dialect", "device_id", "account_id", "network", "country", "user_agent", "log_epoch", "sent_boot_id",
)  # fmt: skip
ENVELOPE_INTEGERS = ("v", "received_ms", "body_v", "sent_wall_ms", "sent_mono_ms")
ENVELOPE_FLAGS = ("has_body", "same_device", "has_records")
MOST_INTEGER = 2**53 - 1
DAY_MS = 86_400_000
OUTPUT = ("batches", "events", "rejected", "device_logs", "listens")

RECORD_TYPES = dict.fromkeys(STRINGS, "VARCHAR") | dict.fromkeys(INTEGERS, "BIGINT")
LINE_TYPES = {
    **{"v": "BIGINT", "receipt": "VARCHAR", "received_ms": "BIGINT", "dialect": "VARCHAR"},
    **dict.fromkeys(("device_id", "account_id", "network", "country", "user_agent"), "VARCHAR"),
    "body": {
        **{"v": "BIGINT", "device_id": "VARCHAR", "log_epoch": "VARCHAR"},
        "sent": {"wall_ms": "BIGINT", "boot_id": "VARCHAR", "mono_ms": "BIGINT"},
        "records": [RECORD_TYPES],
    },
}

# Control characters never stand raw in JSON, so one of them can part columns that are not there.
LINES = f"""
COPY (
    SELECT raw, sha256(raw) AS line_key, odd, CASE WHEN NOT odd THEN from_json(raw, '{json.dumps(LINE_TYPES)}') END AS l
    FROM (
        SELECT line AS raw, NOT json_valid(line) OR regexp_matches(line, '{ODD}') AS odd
        FROM read_csv(
            getvariable('files'), columns = {{'line': 'VARCHAR'}}, header = false, auto_detect = false,
            delim = '\x01', quote = '', escape = '', new_line = '\\n', strict_mode = false, store_rejects = true,
            max_line_size = 8388608, buffer_size = 8388608, compression = 'gzip')
        WHERE trim(line, ' \t\r') <> ''
    )
) TO (getvariable('lines')) (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048)
"""

ODD_LINES = "SELECT raw FROM read_parquet(getvariable('lines')) WHERE odd"
REFUSED_FILES = "SELECT DISTINCT file_path FROM reject_scans SEMI JOIN reject_errors USING (file_id, scan_id)"

ODD_TYPES = {
    "odd_envelopes": {"line_no": "BIGINT", "line_key": "VARCHAR", "raw": "VARCHAR"}
    | dict.fromkeys(ENVELOPE_STRINGS, "VARCHAR")
    | dict.fromkeys(ENVELOPE_INTEGERS, "BIGINT")
    | dict.fromkeys(ENVELOPE_FLAGS, "BOOLEAN"),
    "odd_records": {"line_no": "BIGINT", "position": "BIGINT", "well_typed": "BOOLEAN", "raw": "VARCHAR"}
    | RECORD_TYPES,
}
ODD_TABLES = tuple(
    f"CREATE TEMP TABLE {name} AS FROM read_json(getvariable('{name}'), format = 'newline_delimited', "
    f"columns = {types}, maximum_object_size = 67108864)"
    for name, types in ODD_TYPES.items()
)

EPISODES = """
CREATE TEMP TABLE episodes AS
SELECT episode_id, show_id, creator_id, duration_ms
FROM read_json(getvariable('catalog'), format = 'newline_delimited', columns = {
    'episode_id': 'VARCHAR', 'show_id': 'VARCHAR', 'creator_id': 'VARCHAR', 'duration_ms': 'BIGINT'})
"""

# Lines in the order in which their copies count: a copy's rank is that of its line, then its position.
BATCHES = """
CREATE TEMP TABLE batches AS
WITH envelopes AS (
    SELECT DISTINCT ON (line_key) line_key, file_row_number AS line_no,
        l.receipt, l.dialect, l.device_id, l.account_id, l.network, l.country, l.user_agent, l.body.log_epoch,
        l.v, l.received_ms, l.body.v AS body_v, l.body.sent.wall_ms AS sent_wall_ms,
        l.body.sent.boot_id AS sent_boot_id, l.body.sent.mono_ms AS sent_mono_ms, l.body IS NOT NULL AS has_body,
        l.device_id IS NOT DISTINCT FROM l.body.device_id AS same_device, l.body.records IS NOT NULL AS has_records
    FROM read_parquet(getvariable('lines'), file_row_number = true) WHERE NOT odd
    UNION ALL BY NAME
    SELECT * EXCLUDE (raw) FROM odd_envelopes
)
SELECT *, coalesce(nullif(account_id, ''), device_id) AS listener_id,
    row_number() OVER (ORDER BY received_ms, receipt, line_key) << 20 AS rank,
    CASE
        WHEN coalesce(receipt, '') = '' OR coalesce(received_ms, -1) NOT BETWEEN 0 AND 253402300799999
            OR dialect IS NULL OR NOT has_body THEN 'unreadable'
        WHEN v IS DISTINCT FROM 1 OR dialect NOT IN ('podledger/1', 'gpodder/2', 'rad/1') THEN 'unsupported_version'
        WHEN dialect <> 'podledger/1' THEN NULL
        WHEN body_v IS DISTINCT FROM 1 THEN 'unsupported_version'
        WHEN NOT same_device THEN 'wrong_device'
        WHEN coalesce(length(device_id), 0) NOT BETWEEN 1 AND 64 OR coalesce(length(log_epoch), 0) NOT BETWEEN 1 AND 64
            OR sent_wall_ms IS NULL OR NOT has_records THEN 'malformed'
    END AS reason
FROM envelopes
"""

COPIES = rf"""
CREATE TEMP TABLE copies AS
WITH records AS (
    SELECT file_row_number AS line_no, generate_subscripts(l.body.records, 1) - 1 AS position,
        true AS well_typed, unnest(l.body.records, max_depth := 2)
    FROM read_parquet(getvariable('lines'), file_row_number = true) WHERE NOT odd
    UNION ALL BY NAME
    SELECT * EXCLUDE (raw) FROM odd_records
), hashed AS (
    SELECT records.* EXCLUDE (line_no, position), rank, rank + position AS copy_rank,
        sha256(concat_ws(chr(10), 'podledger/1', device_id, log_epoch, seq, session_id, session_wall_ms, type,
            episode_id, wall_ms, coalesce(boot_id, ''), coalesce(mono_ms::VARCHAR, ''),
            coalesce(from_ms::VARCHAR, ''), coalesce(to_ms::VARCHAR, ''), coalesce(rate_milli::VARCHAR, ''),
            offline)) AS content_id
    FROM records JOIN batches USING (line_no)
    WHERE reason IS NULL AND dialect = 'podledger/1'
)
SELECT hashed.* EXCLUDE (well_typed, content_id), CASE
    WHEN NOT coalesce(well_typed AND id IS NOT NULL AND seq BETWEEN 1 AND {MOST_INTEGER}
        AND length(session_id) BETWEEN 1 AND 64 AND length(episode_id) BETWEEN 1 AND 128
        AND session_wall_ms IS NOT NULL AND wall_ms IS NOT NULL AND offline IN (0, 1)
        AND (boot_id IS NULL) = (mono_ms IS NULL)
        AND (boot_id IS NULL OR (length(boot_id) BETWEEN 1 AND 64 AND mono_ms >= 0))
        AND CASE
            WHEN type = 'progress' THEN rate_milli BETWEEN 250 AND 5000 AND from_ms IS NOT NULL AND to_ms IS NOT NULL
            WHEN type IN ('download', 'play', 'pause', 'complete')
                THEN from_ms IS NULL AND to_ms IS NULL AND rate_milli IS NULL
        END, false) THEN 'malformed'
    WHEN id <> content_id THEN if(regexp_full_match(id, '[0-9a-f]{{64}}'), 'hash_mismatch', 'malformed')
    WHEN duration_ms IS NULL THEN 'unknown_episode'
    WHEN type = 'progress' AND NOT (from_ms >= 0 AND to_ms > from_ms AND to_ms <= duration_ms + 2000)
        THEN 'bad_interval'
END AS reason
FROM hashed LEFT JOIN episodes USING (episode_id)
"""

EVENTS = f"""
CREATE TEMP TABLE events AS
WITH counting AS (SELECT min(copy_rank) AS copy_rank FROM copies WHERE reason IS NULL GROUP BY id),
told AS (
    SELECT copies.* EXCLUDE (reason), batches.* EXCLUDE (rank, reason, v, body_v, line_no),
        CASE
            WHEN boot_id = sent_boot_id AND mono_ms <= sent_mono_ms THEN
                if(abs(received_ms - (sent_mono_ms - mono_ms) - wall_ms) <= 120000, 'wall', 'monotonic')
            ELSE if(abs(received_ms - sent_wall_ms) <= 120000, 'wall', 'offset')
        END AS source
    FROM copies SEMI JOIN counting USING (copy_rank) JOIN batches USING (rank)
), placed AS (
    SELECT *, CASE source WHEN 'wall' THEN wall_ms WHEN 'monotonic' THEN received_ms - (sent_mono_ms - mono_ms)
        ELSE wall_ms + received_ms - sent_wall_ms END AS told_ms
    FROM told
), bounded AS (
    SELECT *, least(told_ms, received_ms) AS bounded_ms,
        if(told_ms > received_ms + 120000, 'clamped', source) AS bounded_source
    FROM placed
), dated AS (
    SELECT *, if(bounded_ms < received_ms - {400 * DAY_MS}, received_ms, bounded_ms) AS at_ms,
        if(bounded_ms < received_ms - {400 * DAY_MS}, 'unknown', bounded_source) AS clock,
        at_ms - if(wall_ms - session_wall_ms BETWEEN 0 AND {DAY_MS}, wall_ms - session_wall_ms, 0) AS session_at_ms
    FROM bounded
)
SELECT id, device_id, log_epoch, seq, listener_id, episode_id, type, at_ms, epoch_ms(at_ms) AS "at",
    epoch_ms(session_at_ms) AS session_at, clock, received_ms, epoch_ms(received_ms) AS received_at,
    epoch_ms(session_at_ms)::DATE AS listen_day, dialect, session_id, from_ms, to_ms, rate_milli, offline, wall_ms,
    country, user_agent, network, receipt, line_key, (copy_rank - rank)::INTEGER AS position,
    (to_ms - from_ms) * 1000 // rate_milli AS played_ms
FROM dated
"""

LISTENS = f"""
CREATE TEMP TABLE listens AS
WITH progress AS (SELECT * FROM events WHERE type = 'progress'),
impossible AS (
    SELECT device_id, at_ms // {DAY_MS} AS day FROM progress WHERE clock NOT IN ('clamped', 'unknown')
    GROUP BY ALL HAVING sum(played_ms) > {DAY_MS}
), invalid AS (
    SELECT DISTINCT listener_id, episode_id, listen_day
    FROM progress JOIN impossible
        ON progress.device_id = impossible.device_id AND progress.at_ms // {DAY_MS} = impossible.day
    WHERE clock NOT IN ('clamped', 'unknown')
), totals AS (
    SELECT listener_id, episode_id, listen_day, sum(played_ms)::BIGINT AS played_ms,
        coalesce(sum(to_ms - from_ms) FILTER (offline = 1), 0)::BIGINT AS offline_ms,
        count(DISTINCT session_id) AS sessions, min("at") AS first_at, max("at") AS last_at,
        max(received_at) AS last_received_at
    FROM progress GROUP BY ALL
), reached AS (
    SELECT listener_id, episode_id, listen_day, from_ms, to_ms, max(to_ms) OVER (
        PARTITION BY listener_id, episode_id, listen_day ORDER BY from_ms, to_ms
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_ms
    FROM progress
), numbered AS (
    SELECT *, count(*) FILTER (reached_ms IS NULL OR from_ms > reached_ms) OVER (
        PARTITION BY listener_id, episode_id, listen_day ORDER BY from_ms, to_ms
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island  -- equal intervals are of one island
    FROM reached
), islands AS (
    SELECT listener_id, episode_id, listen_day, min(from_ms) AS from_ms, max(to_ms) AS to_ms
    FROM numbered GROUP BY listener_id, episode_id, listen_day, island
), unions AS (
    SELECT listener_id, episode_id, listen_day, sum(to_ms - from_ms)::BIGINT AS heard_ms,
        list({{'from_ms': from_ms, 'to_ms': to_ms}} ORDER BY from_ms) AS heard
    FROM islands GROUP BY ALL
)
SELECT left(sha256(concat_ws(chr(10), 'listen/1', listener_id, episode_id, listen_day::VARCHAR)), 32) AS listen_id,
    listener_id, episode_id, listen_day, 'measured' AS evidence, show_id, creator_id, heard, heard_ms, played_ms,
    offline_ms, sessions, first_at, last_at, last_received_at, heard_ms * 100 >= duration_ms * 95 AS completed,
    CASE WHEN invalid.listener_id IS NOT NULL THEN 'invalid' WHEN heard_ms <= 30000 THEN 'too_short'
        ELSE 'counted' END AS status,
    if(invalid.listener_id IS NOT NULL, ['impossible_day'], []) AS reasons
FROM unions JOIN totals USING (listener_id, episode_id, listen_day)
    LEFT JOIN invalid USING (listener_id, episode_id, listen_day) JOIN episodes USING (episode_id)
"""

DEVICE_LOGS = """
CREATE TEMP TABLE device_logs AS
WITH seqs AS (
    SELECT device_id, log_epoch, seq, count(*) AS ids FROM events GROUP BY ALL
), gaps AS (
    SELECT *, coalesce(lag(seq) OVER (PARTITION BY device_id, log_epoch ORDER BY seq), 0) + 1 AS expected FROM seqs
)
SELECT device_id, log_epoch, max(seq) AS max_seq, sum(ids)::BIGINT AS events,
    coalesce(list({'from_seq': expected, 'to_seq': seq - 1} ORDER BY seq) FILTER (seq > expected), []) AS missing,
    coalesce(list(seq ORDER BY seq) FILTER (ids > 1), []) AS forks
FROM gaps GROUP BY ALL
"""

REJECTED = """
CREATE TEMP TABLE rejected AS
WITH raw_lines AS (
    SELECT DISTINCT ON (line_key) line_key, raw FROM read_parquet(getvariable('lines'))
    WHERE NOT odd AND line_key IN (
        SELECT line_key FROM batches WHERE reason IS NOT NULL
            OR rank IN (SELECT rank FROM copies WHERE reason IS NOT NULL))
    UNION ALL SELECT line_key, raw FROM odd_envelopes
)
SELECT line_key AS key, reason, receipt, dialect, raw, line_key, NULL::INTEGER AS position,
    epoch_ms(received_ms) AS received_at
FROM batches JOIN raw_lines USING (line_key) WHERE reason IS NOT NULL
UNION ALL
SELECT concat(line_key, ':', copy_rank - rank) AS key, copies.reason, receipt, dialect,
    CASE WHEN odd_records.raw IS NOT NULL THEN odd_records.raw
        WHEN json_valid(raw_lines.raw)
            THEN json_extract(raw_lines.raw, concat('$.body.records[', copy_rank - rank, ']'))::VARCHAR END,
    line_key, (copy_rank - rank)::INTEGER, epoch_ms(received_ms)
FROM copies JOIN batches USING (rank) JOIN raw_lines USING (line_key)
    LEFT JOIN odd_records ON odd_records.line_no = batches.line_no AND odd_records.position = copy_rank - rank
WHERE copies.reason IS NOT NULL
"""

BATCH_COLUMNS = ", ".join(("line_key", *ENVELOPE_STRINGS, "received_ms", "sent_wall_ms", "sent_mono_ms"))
VIEWS = (
    f"CREATE TEMP VIEW out_batches AS SELECT {BATCH_COLUMNS} FROM batches WHERE reason IS NULL",
    "CREATE TEMP VIEW out_events AS SELECT * EXCLUDE (at_ms, received_ms, played_ms) FROM events",
    *(f"CREATE TEMP VIEW out_{name} AS FROM {name}" for name in ("rejected", "device_logs", "listens")),
)

STEPS = {
    "judge": (EPISODES, *ODD_TABLES, BATCHES, COPIES),
    "events": (EVENTS,),
    "listens": (LISTENS,),
    "rest": (DEVICE_LOGS, REJECTED, *VIEWS),
}
"""Statements by step."""
