"""The statements of the textbook pipeline, in Spark SQL, in the order they run."""

from benchmarks.odd_lines import INTEGERS, LENIENT, MOST_INTEGER, ODD, STRINGS

DAY_MS = 86_400_000
ENVELOPE = {
    "line_key": "STRING", "v": "BIGINT", "receipt": "STRING", "dialect": "STRING", "device_id": "STRING",
    "account_id": "STRING", "network": "STRING", "country": "STRING", "user_agent": "STRING", "received_ms": "BIGINT",
    "has_body": "BOOLEAN", "body_v": "BIGINT", "same_device": "BOOLEAN", "log_epoch": "STRING",
    "sent_wall_ms": "BIGINT", "sent_boot_id": "STRING", "sent_mono_ms": "BIGINT", "has_records": "BOOLEAN",
}  # fmt: skip
RECORD = dict.fromkeys(STRINGS, "STRING") | dict.fromkeys(INTEGERS, "BIGINT")
ODD_ENVELOPES = ", ".join(f"{name} {kind}" for name, kind in (ENVELOPE | {"raw": "STRING"}).items())
ODD_RECORDS = ", ".join(
    f"{name} {kind}"
    for name, kind in {
        "line_key": "STRING", "position": "INT", "well_typed": "BOOLEAN", "odd_raw": "STRING", **RECORD,
    }.items()
)  # fmt: skip
BODY = (
    "v BIGINT, device_id STRING, log_epoch STRING, sent STRUCT<wall_ms BIGINT, boot_id STRING, mono_ms BIGINT>, "
    f"records ARRAY<STRUCT<{', '.join(f'{name}: {kind}' for name, kind in RECORD.items())}>>"
)
LINE = (
    "v BIGINT, receipt STRING, received_ms BIGINT, dialect STRING, device_id STRING, account_id STRING, "
    f"network STRING, country STRING, user_agent STRING, body STRUCT<{BODY}>, _corrupt_record STRING"
)
EPISODE = "episode_id STRING, show_id STRING, creator_id STRING, duration_ms BIGINT"

TABLES = (
    f"CREATE TABLE IF NOT EXISTS lines (line_key STRING, raw STRING, odd BOOLEAN, l STRUCT<{LINE}>, load BIGINT) "
    "USING delta PARTITIONED BY (load) LOCATION '{out}/lines'",
    "CREATE TABLE IF NOT EXISTS rejected (key STRING, reason STRING, receipt STRING, dialect STRING, raw STRING, "
    "line_key STRING, position INT, received_at TIMESTAMP) USING delta LOCATION '{out}/rejected'",
    "CREATE TABLE IF NOT EXISTS events (id STRING, device_id STRING, log_epoch STRING, seq BIGINT, listener_id STRING, "
    "episode_id STRING, type STRING, at TIMESTAMP, session_at TIMESTAMP, clock STRING, received_at TIMESTAMP, "
    "listen_day DATE, dialect STRING, session_id STRING, from_ms BIGINT, to_ms BIGINT, rate_milli BIGINT, "
    "offline BIGINT, wall_ms BIGINT, country STRING, user_agent STRING, network STRING, receipt STRING, "
    "line_key STRING, position INT) USING delta PARTITIONED BY (listen_day) LOCATION '{out}/events'",
    "CREATE TABLE IF NOT EXISTS device_logs (device_id STRING, log_epoch STRING, max_seq BIGINT, events BIGINT, "
    "missing ARRAY<STRUCT<from_seq BIGINT, to_seq BIGINT>>, forks ARRAY<BIGINT>) "
    "USING delta LOCATION '{out}/device_logs'",
)

NEW_LINES = f"""
WITH landed AS (
    SELECT sha2(value, 256) AS line_key, first(value) AS raw
    FROM landed_text WHERE trim(' \\t\\r' FROM value) <> '' GROUP BY line_key
), parsed AS (
    SELECT *, from_json(raw, '{LINE}', map('columnNameOfCorruptRecord', '_corrupt_record',
        'allowSingleQuotes', 'false', 'allowNonNumericNumbers', 'false')) AS l
    FROM landed
)
SELECT line_key, raw, NOT is_valid_utf8(raw) OR l._corrupt_record IS NOT NULL OR raw RLIKE r'{ODD}'
    OR raw RLIKE r'{LENIENT}' AS odd, l, {{load}} AS load
FROM parsed
"""
ADD_LINES = """
MERGE INTO lines USING new_lines ON lines.line_key = new_lines.line_key WHEN NOT MATCHED THEN INSERT *
"""

BATCHES = """
WITH envelopes AS (
    SELECT line_key, l.v, l.receipt, l.dialect, l.device_id, l.account_id, l.network, l.country, l.user_agent,
        l.received_ms, l.body IS NOT NULL AS has_body, l.body.v AS body_v,
        l.device_id <=> l.body.device_id AS same_device, l.body.log_epoch, l.body.sent.wall_ms AS sent_wall_ms,
        l.body.sent.boot_id AS sent_boot_id, l.body.sent.mono_ms AS sent_mono_ms,
        l.body.records IS NOT NULL AS has_records, raw
    FROM lines WHERE load = {load} AND NOT odd
    UNION ALL SELECT * FROM odd_envelopes
)
SELECT *, coalesce(nullif(account_id, ''), device_id) AS listener_id,
    CASE
        WHEN coalesce(receipt, '') = '' OR NOT coalesce(received_ms, -1) BETWEEN 0 AND 253402300799999
            OR dialect IS NULL OR NOT has_body THEN 'unreadable'
        WHEN NOT v <=> 1 OR dialect NOT IN ('podledger/1', 'gpodder/2', 'rad/1') THEN 'unsupported_version'
        WHEN dialect <> 'podledger/1' THEN NULL
        WHEN NOT body_v <=> 1 THEN 'unsupported_version'
        WHEN NOT same_device THEN 'wrong_device'
        WHEN NOT coalesce(length(device_id), 0) BETWEEN 1 AND 64 OR NOT coalesce(length(log_epoch), 0) BETWEEN 1 AND 64
            OR sent_wall_ms IS NULL OR NOT has_records THEN 'malformed'
    END AS reason
FROM envelopes
"""

COPIES = rf"""
WITH records AS (
    SELECT line_key, position, true AS well_typed, NULL AS odd_raw, record.*
    FROM lines LATERAL VIEW posexplode(l.body.records) AS position, record WHERE load = {{load}} AND NOT odd
    UNION ALL SELECT * FROM odd_records
), hashed AS (
    SELECT records.*, receipt, dialect, device_id, log_epoch, listener_id, received_ms, sent_wall_ms, sent_boot_id,
        sent_mono_ms, country, user_agent, network,
        sha2(concat_ws('\n', 'podledger/1', device_id, log_epoch, seq, session_id, session_wall_ms, type,
            episode_id, wall_ms, coalesce(boot_id, ''), coalesce(CAST(mono_ms AS STRING), ''),
            coalesce(CAST(from_ms AS STRING), ''), coalesce(CAST(to_ms AS STRING), ''),
            coalesce(CAST(rate_milli AS STRING), ''), offline), 256) AS content_id
    FROM records JOIN batches USING (line_key) WHERE reason IS NULL AND dialect = 'podledger/1'
)
SELECT hashed.*, CASE
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
    WHEN id <> content_id THEN if(id RLIKE '^[0-9a-f]{{64}}$', 'hash_mismatch', 'malformed')
    WHEN duration_ms IS NULL THEN 'unknown_episode'
    WHEN type = 'progress' AND NOT (from_ms >= 0 AND to_ms > from_ms AND to_ms <= duration_ms + 2000)
        THEN 'bad_interval'
END AS reason
FROM hashed LEFT JOIN episodes USING (episode_id)
"""

ADD_REJECTED = """
MERGE INTO rejected USING (
    SELECT line_key AS key, reason, receipt, dialect, raw, line_key, CAST(NULL AS INT) AS position,
        timestamp_millis(received_ms) AS received_at
    FROM batches WHERE reason IS NOT NULL
    UNION ALL
    SELECT concat(line_key, ':', position), copies.reason, copies.receipt, copies.dialect,
        coalesce(odd_raw, get_json_object(raw, concat('$.body.records[', position, ']'))), line_key, position,
        timestamp_millis(copies.received_ms)
    FROM copies JOIN batches USING (line_key) WHERE copies.reason IS NOT NULL
) AS refused ON rejected.key = refused.key WHEN NOT MATCHED THEN INSERT *
"""

NEW_EVENTS = f"""
WITH told AS (
    SELECT *, row_number() OVER (PARTITION BY id ORDER BY received_ms, receipt, line_key, position) AS place,
        boot_id <=> sent_boot_id AND boot_id IS NOT NULL AND mono_ms <= sent_mono_ms AS is_monotonic,
        received_ms - (sent_mono_ms - mono_ms) AS mono_at, received_ms - sent_wall_ms AS skew
    FROM copies WHERE reason IS NULL
), sourced AS (
    SELECT *, CASE
        WHEN is_monotonic THEN if(abs(mono_at - wall_ms) <= 120000, 'wall', 'monotonic')
        ELSE if(abs(skew) <= 120000, 'wall', 'offset') END AS source
    FROM told WHERE place = 1
), guessed AS (
    SELECT *, CASE source WHEN 'wall' THEN wall_ms WHEN 'monotonic' THEN mono_at ELSE wall_ms + skew END AS guess_ms
    FROM sourced
), bounded AS (
    SELECT *, if(guess_ms < received_ms - {400 * DAY_MS}, received_ms, least(guess_ms, received_ms)) AS at_ms,
        CASE WHEN guess_ms < received_ms - {400 * DAY_MS} THEN 'unknown'
            WHEN guess_ms > received_ms + 120000 THEN 'clamped' ELSE source END AS clock
    FROM guessed
), dated AS (
    SELECT *, at_ms - if(wall_ms - session_wall_ms BETWEEN 0 AND {DAY_MS}, wall_ms - session_wall_ms, 0)
        AS session_at_ms
    FROM bounded
)
SELECT id, device_id, log_epoch, seq, listener_id, episode_id, type, timestamp_millis(at_ms) AS at,
    timestamp_millis(session_at_ms) AS session_at, clock, timestamp_millis(received_ms) AS received_at,
    to_date(timestamp_millis(session_at_ms)) AS listen_day, dialect, session_id, from_ms, to_ms, rate_milli, offline,
    wall_ms, country, user_agent, network, receipt, line_key, position
FROM dated
"""
COMES_BEFORE = """
struct(new.received_at, new.receipt, new.line_key, new.position)
    < struct(old.received_at, old.receipt, old.line_key, old.position)
"""
MOVED = f"""
SELECT old.listen_day, to_date(old.at) AS day, old.device_id
FROM events AS old JOIN new_events AS new USING (id) WHERE {COMES_BEFORE}
"""
MERGE_EVENTS = f"""
MERGE INTO events AS old USING new_events AS new ON old.id = new.id
WHEN MATCHED AND {COMES_BEFORE} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *
"""
# An event lies on its listen day; an impossible day also spoils listens that began the day before.
TOUCHED_DAYS = f"""
WITH touched AS (
    SELECT DISTINCT device_id, to_date(at) AS day FROM new_events WHERE type = 'progress'
), impossible AS (
    SELECT device_id, to_date(at) AS day FROM events
    WHERE type = 'progress' AND clock NOT IN ('clamped', 'unknown') AND listen_day IN ({{near_days}})
    GROUP BY device_id, day HAVING sum((to_ms - from_ms) * 1000 div rate_milli) > {DAY_MS}
)
SELECT listen_day FROM new_events
UNION SELECT explode(array(listen_day, day, date_sub(day, 1))) FROM moved
UNION SELECT explode(array(day, date_sub(day, 1))) FROM impossible LEFT SEMI JOIN touched USING (device_id, day)
"""
