"""Device logs: how far each is known, what is missing, where it forks (contract sections 1 and 9)."""

LOG = "device_id, log_epoch"


def is_seen(copies: str, logs: str) -> str:
    """The rows with ``is_seen``: whether the log already holds an event at their ``seq``.

    A row of a log that is not known yet is not seen (left join).
    """
    is_missing = "list_bool_or(list_transform(missing, lambda gap: seq BETWEEN gap.from_seq AND gap.to_seq))"
    return f"""
        SELECT c.*, coalesce(seq <= max_seq AND NOT coalesce({is_missing}, false), false) AS is_seen
        FROM {copies} AS c LEFT JOIN (SELECT {LOG}, max_seq, missing FROM {logs}) AS l USING ({LOG})"""


def extended(logs: str, added: str) -> str:
    """Rows of ``silver/device_logs`` for every log that got new events.

    ``added`` are events that were not there before, one row an id with a ``seq``; ``logs`` the rows before, none for
    a log that is built from all its events. Two ids at a seq, or one at a seq that was seen, make a fork. A new log
    with every seq once is told apart first: it needs no order.
    """
    return f"""
        WITH touched AS (
            SELECT {LOG}, any_value(bucket) AS bucket, max(seq) AS max_seq, count(*) AS events,
                count(DISTINCT seq) AS seqs
            FROM {added} GROUP BY {LOG}
        ),
        old AS (SELECT l.* FROM {logs} AS l SEMI JOIN touched USING ({LOG})),
        plain AS (SELECT * FROM touched ANTI JOIN old USING ({LOG}) WHERE seqs = events AND seqs = max_seq),
        seen AS (
            SELECT {LOG}, unnest(list_prepend(1, list_transform(missing, lambda gap: gap.to_seq + 1))) AS from_seq,
                unnest(list_append(list_transform(missing, lambda gap: gap.from_seq - 1), max_seq)) AS to_seq
            FROM old
        ),
        spans AS (
            SELECT {LOG}, from_seq, to_seq, 0 AS ids FROM seen
            UNION ALL
            SELECT {LOG}, seq, seq, count(*) FROM {added} ANTI JOIN plain USING ({LOG}) GROUP BY {LOG}, seq
        ),
        reached AS (
            SELECT *, coalesce(max(to_seq) OVER before, 0) AS reached,
                coalesce(max(if(ids = 0, to_seq, 0)) OVER before, 0) AS seen_to
            FROM spans
            WINDOW before AS (
                PARTITION BY {LOG} ORDER BY from_seq, ids ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ),
        grown AS (
            SELECT {LOG}, max(to_seq) AS max_seq, sum(ids)::BIGINT AS added,
                list({{'from_seq': reached + 1, 'to_seq': from_seq - 1}} ORDER BY from_seq)
                    FILTER (from_seq > reached + 1) AS missing,
                list(from_seq) FILTER (ids > 1 OR (ids = 1 AND seen_to >= from_seq)) AS forks
            FROM reached GROUP BY {LOG}
        )
        SELECT {LOG}, grown.max_seq, added + coalesce(old.events, 0) AS events, coalesce(grown.missing, []) AS missing,
            list_sort(list_distinct(list_concat(coalesce(old.forks, []), coalesce(grown.forks, [])))) AS forks,
            touched.bucket
        FROM grown JOIN touched USING ({LOG}) LEFT JOIN old USING ({LOG})
        UNION ALL
        SELECT {LOG}, max_seq, events, [], [], bucket FROM plain"""
