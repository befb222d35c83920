"""The same job as `podledger run`, as the one-node DuckDB script a good engineer would write.

    python benchmarks/duckdb_script.py --landing DIR --out DIR

From landed gzip files to Parquet in one pass, on two threads, without history, checks or publication:
the yardstick of the throughput benchmark. It follows the contract but in corners that DuckDB's JSON
reader cannot see: of a repeated key it takes the first value, and an unpaired surrogate makes a line unreadable.
"""

import argparse
import gzip
import json
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import duckdb

THREADS = 2
TABLES = ("batches", "events", "rejected", "device_logs", "listens")
STRINGS = ("id", "session_id", "type", "episode_id", "boot_id")
INTEGERS = ("seq", "session_wall_ms", "wall_ms", "mono_ms", "from_ms", "to_ms", "rate_milli", "offline")
INTEGER_SHAPES = "('UBIGINT', 'BIGINT', 'HUGEINT')"

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

# Control characters never stand raw in JSON, so they can part columns and quote nothing.
LINES = """
CREATE TEMP TABLE lines AS
WITH text AS (
    SELECT line AS raw FROM read_csv(
        '{files}', columns = {{'line': 'VARCHAR'}}, header = false, auto_detect = false, delim = '\x01',
        quote = '', escape = '', strict_mode = false, store_rejects = true, max_line_size = 33554432,
        buffer_size = 67108864, compression = 'gzip')
    WHERE trim(line, ' \t\r') <> ''
), shaped AS (SELECT raw, sha256(raw) AS line_key, try(json_structure(raw)) AS shape FROM text)
SELECT *, CASE WHEN shape LIKE '{{%' THEN from_json(raw, '{types}') END AS line, NULL::VARCHAR AS reason
FROM shaped
"""

# What types the values of a line have is judged once for all lines of one shape.
SHAPES = f"""
CREATE TEMP TABLE shapes AS
WITH distinct_shapes AS (SELECT DISTINCT shape, shape::JSON AS s FROM lines)
SELECT shape,
    coalesce(shape LIKE '{{%' AND (s->>'$.receipt') = 'VARCHAR' AND (s->>'$.received_ms') = 'UBIGINT'
        AND (s->>'$.dialect') = 'VARCHAR' AND (s->>'$.body') <> 'NULL', false) AS readable,
    coalesce((s->>'$.v') = 'UBIGINT', false) AS versioned,
    coalesce((s->>'$.body.v') = 'UBIGINT', false) AS body_versioned,
    coalesce((s->>'$.account_id') = 'VARCHAR', false) AS has_account,
    coalesce((s->>'$.body.sent.boot_id') = 'VARCHAR', false) AS has_sent_boot,
    coalesce((s->>'$.body.sent.mono_ms') IN {INTEGER_SHAPES}, false) AS has_sent_mono,
    coalesce((s->>'$.device_id') = 'VARCHAR' AND (s->>'$.body.device_id') = 'VARCHAR'
        AND (s->>'$.body.log_epoch') = 'VARCHAR' AND (s->>'$.body.sent.wall_ms') IN {INTEGER_SHAPES}
        AND json_type(s, '$.body.records') = 'ARRAY', false) AS batch_typed,
    coalesce((s->>'$.body.records[0]') = 'NULL' OR json_type(s, '$.body.records[0]') = 'OBJECT', false)
    {" ".join(f"AND coalesce((s->>'$.body.records[0].{name}'), 'NULL') IN ('VARCHAR', 'NULL')" for name in STRINGS)}
    {" ".join(f"AND coalesce((s->>'$.body.records[0].{name}'), 'NULL') IN ('UBIGINT', 'BIGINT', 'HUGEINT', 'NULL')"
              for name in INTEGERS)} AS records_typed
FROM distinct_shapes
"""

LINE_REASONS = r"""
CREATE TEMP TABLE judged_lines AS
SELECT line_key, raw, line, shapes.*, CASE
    WHEN lines.reason IS NOT NULL THEN lines.reason
    WHEN NOT coalesce(readable, false) OR line.receipt = '' OR line.dialect = ''
        OR line.received_ms NOT BETWEEN 0 AND 253402300799999
        OR regexp_matches(raw, '[:\[,]\s*-?([nN]a[nN]|[iI]nf(inity)?)\s*[,}\]]|,\s*[}\]]') THEN 'unreadable'
    WHEN NOT versioned OR line.v <> 1 OR line.dialect NOT IN ('podledger/1', 'gpodder/2', 'rad/1')
        THEN 'unsupported_version'
    WHEN line.dialect <> 'podledger/1' THEN NULL
    WHEN NOT body_versioned OR line.body.v <> 1 THEN 'unsupported_version'
    WHEN line.device_id IS DISTINCT FROM line.body.device_id THEN 'wrong_device'
    WHEN NOT batch_typed OR length(line.device_id) NOT BETWEEN 1 AND 64
        OR length(line.body.log_epoch) NOT BETWEEN 1 AND 64
        OR regexp_matches(line.device_id || line.body.log_epoch, '[\x00-\x1f]')
        OR abs(line.body.sent.wall_ms) > 9007199254740991 THEN 'malformed'
END AS line_reason
FROM lines LEFT JOIN shapes USING (shape)
WHERE lines.rowid IN (SELECT min(rowid) FROM lines GROUP BY line_key)
"""

# Records of lines whose types are in order come typed; the few others are read value by value.
RECORDS = f"""
CREATE TEMP VIEW records AS
WITH batches AS (
    SELECT *, contains(raw, '\\') AS escaped FROM judged_lines
    WHERE line_reason IS NULL AND line.dialect = 'podledger/1'
), typed AS (
    SELECT line_key, generate_subscripts(line.body.records, 1) - 1 AS position, escaped, true AS well_typed,
        unnest(line.body.records) AS r
    FROM batches WHERE records_typed
), loose AS (
    SELECT line_key, escaped, unnest(range(json_array_length(raw, '$.body.records')::BIGINT)) AS position,
        unnest(from_json(raw->'$.body.records', '["JSON"]')) AS j
    FROM batches WHERE NOT records_typed
), untyped AS (
    SELECT line_key, position, escaped,
        coalesce(json_type(j) = 'OBJECT', false)
        {" ".join(f"AND coalesce(json_type(j, '$.{name}'), 'NULL') IN ('VARCHAR', 'NULL')" for name in STRINGS)}
        {" ".join(f"AND coalesce(json_type(j, '$.{name}'), 'NULL') IN ('UBIGINT', 'BIGINT', 'NULL')"
                  for name in INTEGERS)} AS well_typed,
        CASE WHEN json_type(j) = 'OBJECT' THEN from_json(j, '{json.dumps(RECORD_TYPES)}') END AS r
    FROM loose
)
SELECT line_key, position, escaped, well_typed, r.* FROM (FROM typed UNION ALL FROM untyped)
"""

MOST_INTEGER = 2**53 - 1

COPIES = rf"""
CREATE TEMP TABLE copies AS
WITH hashed AS (
    SELECT records.*, line.received_ms, line.receipt, line.device_id, line.body.log_epoch,
        sha256(concat_ws('\n', 'podledger/1', line.device_id, line.body.log_epoch, seq, session_id,
            session_wall_ms, type, episode_id, wall_ms, coalesce(boot_id, ''), coalesce(mono_ms::VARCHAR, ''),
            coalesce(from_ms::VARCHAR, ''), coalesce(to_ms::VARCHAR, ''), coalesce(rate_milli::VARCHAR, ''),
            offline)) AS content_id
    FROM records JOIN judged_lines USING (line_key)
)
SELECT hashed.*, CASE
    WHEN NOT coalesce(well_typed AND seq BETWEEN 1 AND {MOST_INTEGER} AND length(session_id) BETWEEN 1 AND 64
        AND abs(session_wall_ms) <= {MOST_INTEGER} AND length(episode_id) BETWEEN 1 AND 128
        AND abs(wall_ms) <= {MOST_INTEGER} AND (boot_id IS NULL) = (mono_ms IS NULL) AND offline IN (0, 1)
        AND (boot_id IS NULL OR (length(boot_id) BETWEEN 1 AND 64 AND mono_ms BETWEEN 0 AND {MOST_INTEGER}))
        AND NOT (CASE WHEN escaped
            THEN regexp_matches(session_id || episode_id || coalesce(boot_id, ''), '[\x00-\x1f]') ELSE false END)
        AND CASE WHEN type = 'progress' THEN rate_milli BETWEEN 250 AND 5000
                AND abs(from_ms) <= {MOST_INTEGER} AND abs(to_ms) <= {MOST_INTEGER}
            WHEN type IN ('download', 'play', 'pause', 'complete')
                THEN from_ms IS NULL AND to_ms IS NULL AND rate_milli IS NULL END, false) THEN 'malformed'
    WHEN id IS NULL THEN 'malformed'
    WHEN id <> content_id THEN if(regexp_full_match(id, '[0-9a-f]{{64}}'), 'hash_mismatch', 'malformed')
    WHEN duration_ms IS NULL THEN 'unknown_episode'
    WHEN type = 'progress' AND NOT (from_ms >= 0 AND to_ms > from_ms AND to_ms <= duration_ms + 2000)
        THEN 'bad_interval'
END AS reason
FROM hashed LEFT JOIN episodes USING (episode_id)
"""
