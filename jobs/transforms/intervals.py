"""Unions of half-open intervals."""


def unions(rows: str, by: str) -> str:
    """One row a value of ``by`` with ``heard``: the union of its ``[from_ms, to_ms)``, sorted and disjoint.

    Intervals are not empty; touching ones become one. Equal ones are of one island whichever of them came first, so
    that it does not matter how the two windows order them.
    """
    return f"""
        WITH reached AS (
            SELECT {by}, from_ms, to_ms, max(to_ms) OVER before AS reached_ms FROM {rows}
            WINDOW before AS (
                PARTITION BY {by} ORDER BY from_ms, to_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ), numbered AS (
            SELECT {by}, from_ms, to_ms, count(*) FILTER (reached_ms IS NULL OR from_ms > reached_ms) OVER (
                PARTITION BY {by} ORDER BY from_ms, to_ms RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island
            FROM reached
        ), pieces AS (
            SELECT {by}, min(from_ms) AS from_ms, max(to_ms) AS to_ms FROM numbered GROUP BY {by}, island
        )
        SELECT {by}, list({{'from_ms': from_ms, 'to_ms': to_ms}} ORDER BY from_ms) AS heard FROM pieces GROUP BY {by}"""
