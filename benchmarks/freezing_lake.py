"""A lake with a month of listens and their events, drawn by hashes: the same number makes the same rows."""

import shutil
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.lake.engine import engine
from jobs.lake.store import Store
from jobs.tables import EPISODES, EVENTS, LISTENS
from jobs.transforms.listens import listen_id

OF_A_LISTENER, SHOWS = 50, 20_000
OF_A_FILE = 200_000
MADE = "made"


def made(lake: Path, listens: int) -> Path:
    """The folder of the lake; made once."""
    if (lake / MADE).exists():
        return lake
    shutil.rmtree(lake, ignore_errors=True)
    store = Store(lake, _no_spark)
    store.ensure([LISTENS, EVENTS, EPISODES])
    store.clear_scratch()
    with engine(store.scratch, threads=2, memory="4GB") as sql:
        store.add_parts(EPISODES, sql.write(store.folder(EPISODES), EPISODES, _EPISODES))
        for first in range(0, listens, OF_A_FILE):
            sql.keep("drawn", _drawn(first, min(first + OF_A_FILE, listens)))
            store.add_parts(LISTENS, sql.write(store.folder(LISTENS), LISTENS, _LISTENS))
            store.add_parts(EVENTS, sql.write(store.folder(EVENTS), EVENTS, _EVENTS))
    (lake / MADE).touch()
    return lake


def _no_spark() -> SparkSession:
    raise RuntimeError("the lake is made without Spark")


def _drawn(first: int, last: int) -> str:
    """Listens with one stretch each, from the beginning on; a listener hears an episode once."""
    show = f"(hash(i // {OF_A_LISTENER}) % {SHOWS} + i % {OF_A_LISTENER})::BIGINT % {SHOWS}"
    return f"""
        SELECT *, {listen_id("l")} AS listen_id, began + to_milliseconds(heard_ms) AS ended,
            if(is_late, TIMESTAMPTZ '2026-11-10 00:00:00+00', ended + INTERVAL 1 MINUTE) AS received
        FROM (
            SELECT 'l' || i // {OF_A_LISTENER} AS listener_id, 'e' || {show} AS episode_id, 's' || {show} AS show_id,
                DATE '2026-10-01' + (hash(i * 4 + 1) % 31)::INTEGER AS listen_day, 'measured' AS evidence,
                listen_day::TIMESTAMPTZ + INTERVAL 12 HOUR AS began, hash(i * 4 + 3) % 100 = 0 AS is_late,
                (30001 + hash(i * 4 + 2) % 3000000)::BIGINT AS heard_ms, i
            FROM range({first}, {last}) AS r(i)
        ) AS l"""


_EPISODES = f"""
    SELECT 'e' || i AS episode_id, 's' || i AS show_id, 'c' AS creator_id, 4000000 AS duration_ms, NULL AS title,
        NULL AS show_title, 0 AS published_ms, NULL AS withdrawn_ms, '{{}}' AS "row", true AS listed
    FROM range({SHOWS}) AS r(i)"""
_LISTENS = """
    SELECT listen_id, listener_id, episode_id, listen_day, evidence, show_id, 'c' AS creator_id,
        [{'from_ms': 0, 'to_ms': heard_ms}] AS heard, heard_ms, heard_ms AS played_ms, 0 AS offline_ms, 1 AS sessions,
        began + to_milliseconds(heard_ms // 4) AS first_at, ended AS last_at, received AS last_received_at,
        heard_ms * 100 >= 4000000 * 95 AS completed, 'counted' AS status, []::VARCHAR[] AS reasons
    FROM drawn"""
_EVENTS = """
    SELECT md5(i::VARCHAR) || md5(n::VARCHAR) AS id, listener_id AS device_id, 'e' AS log_epoch,
        (i % 50) * 4 + n AS seq, listener_id, episode_id, 'progress' AS type, began + to_milliseconds(till) AS "at",
        began AS session_at, 'wall' AS clock,
        if(is_late AND n = 4, received, began + to_milliseconds(till) + INTERVAL 1 MINUTE) AS received_at,
        listen_day, 'podledger/1' AS dialect, evidence, i::VARCHAR AS session_id, heard_ms * (n - 1) // 4 AS from_ms,
        till AS to_ms, 1000 AS rate_milli, 0 AS offline, epoch_ms(began) + till AS wall_ms, 'DE' AS country,
        'App/' || hash(i) % 7 AS user_agent, NULL AS network, 'r' AS receipt, md5(i::VARCHAR) AS line_key,
        n AS position, (hash(listener_id) % 256)::INTEGER AS bucket
    FROM (SELECT d.*, n, heard_ms * n // 4 AS till FROM drawn AS d, range(1, 5) AS r(n))"""
