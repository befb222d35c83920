"""The statements of the textbook pipeline that follow from its events: listens by day, device logs."""

DAY_MS = 86_400_000

LISTENS = f"""
WITH near AS (
    SELECT *, to_date(at) AS day, (to_ms - from_ms) * 1000 div rate_milli AS played_ms,
        clock NOT IN ('clamped', 'unknown') AS is_sure
    FROM events WHERE type = 'progress' AND listen_day IN ({{near_days}})
), impossible AS (
    SELECT device_id, day FROM near WHERE is_sure GROUP BY device_id, day HAVING sum(played_ms) > {DAY_MS}
), progress AS (
    SELECT near.*, impossible.day IS NOT NULL AND is_sure AS is_impossible
    FROM near LEFT JOIN impossible USING (device_id, day) WHERE listen_day IN ({{days}})
), totals AS (
    SELECT listener_id, episode_id, listen_day, sum(played_ms) AS played_ms,
        sum(if(offline = 1, to_ms - from_ms, 0)) AS offline_ms, count(DISTINCT session_id) AS sessions,
        min(at) AS first_at, max(at) AS last_at, max(received_at) AS last_received_at,
        bool_or(is_impossible) AS is_invalid
    FROM progress GROUP BY listener_id, episode_id, listen_day
), reached AS (
    SELECT listener_id, episode_id, listen_day, from_ms, to_ms, max(to_ms) OVER (
        PARTITION BY listener_id, episode_id, listen_day ORDER BY from_ms, to_ms
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_ms
    FROM progress
), numbered AS (
    SELECT *, sum(if(reached_ms IS NULL OR from_ms > reached_ms, 1, 0)) OVER (
        PARTITION BY listener_id, episode_id, listen_day ORDER BY from_ms, to_ms
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island
    FROM reached
), islands AS (
    SELECT listener_id, episode_id, listen_day, min(from_ms) AS from_ms, max(to_ms) AS to_ms
    FROM numbered GROUP BY listener_id, episode_id, listen_day, island
), unions AS (
    SELECT listener_id, episode_id, listen_day, sum(to_ms - from_ms) AS heard_ms,
        array_sort(collect_list(struct(from_ms, to_ms))) AS heard
    FROM islands GROUP BY listener_id, episode_id, listen_day
)
SELECT left(sha2(concat_ws('\n', 'listen/1', listener_id, episode_id, listen_day), 256), 32) AS listen_id,
    listener_id, episode_id, listen_day, 'measured' AS evidence, show_id, creator_id, heard, heard_ms, played_ms,
    offline_ms, sessions, first_at, last_at, last_received_at, heard_ms * 100 >= duration_ms * 95 AS completed,
    CASE WHEN is_invalid THEN 'invalid' WHEN heard_ms <= 30000 THEN 'too_short' ELSE 'counted' END AS status,
    if(is_invalid, array('impossible_day'), CAST(array() AS ARRAY<STRING>)) AS reasons
FROM unions JOIN totals USING (listener_id, episode_id, listen_day) JOIN episodes USING (episode_id)
"""

MERGE_DEVICE_LOGS = """
MERGE INTO device_logs AS old USING (
    WITH touched AS (SELECT DISTINCT device_id, log_epoch FROM new_events
    ), seqs AS (
        SELECT device_id, log_epoch, seq, count(*) AS ids FROM events
        LEFT SEMI JOIN touched USING (device_id, log_epoch)
        GROUP BY device_id, log_epoch, seq
    ), gaps AS (
        SELECT *, coalesce(lag(seq) OVER (PARTITION BY device_id, log_epoch ORDER BY seq), 0) + 1 AS expected FROM seqs
    )
    SELECT device_id, log_epoch, max(seq) AS max_seq, sum(ids) AS events,
        array_sort(collect_list(if(seq > expected, named_struct('from_seq', expected, 'to_seq', seq - 1), NULL)))
            AS missing,
        array_sort(collect_list(if(ids > 1, seq, NULL))) AS forks
    FROM gaps GROUP BY device_id, log_epoch
) AS new ON old.device_id = new.device_id AND old.log_epoch = new.log_epoch
WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *
"""
