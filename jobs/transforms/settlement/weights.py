"""What each listener's listening weighs, by the rule of a run.

A run settles one program and period. An item is a show under the split version in force on the listen's day, or without
one (``valid_from`` null). ``raw`` is heard time in ms; ``weight`` is what a rule makes of it: ms again, or micro-units
(1e-6 of a minor unit) for the rules that divide what each listener paid. Where plays count, they are the weight, by
campaign.
"""

from jobs.finance.programs import Rule
from jobs.transforms.settlement.dividing import divided, floored, tie_of

LEVEL_MOST = 10**10
"""Listening beyond this many ms a period does not scale a listener's fee any further."""
MICRO = 10**6
PAYABLE = ("held", "payable")
ITEM = "run_no, campaign_id, show_id, valid_from"
"""What a weight is of: an item in what one campaign brings in, or (empty) in all that documents do."""


def of_runs(listens: str, runs: str, members: str, versions: str) -> str:
    """Each listen once for each run that has its show on its day, with ``valid_from`` of its item.

    ``members`` are the shows of a run by days, with show ``*`` for all: ``run_no, show_id, since, until``, where
    ``until`` is exclusive or null. ``versions`` are those of the splits: ``show_id, valid_from, valid_to``.
    In a final run nothing is held: what has been since ``release_until`` or before is payable, the rest comes too late.
    """
    return f"""
        WITH all_members AS (
            SELECT run_no, show_id, since, {_end("until")} AS until FROM {members} WHERE show_id <> '*'
            UNION ALL
            SELECT run_no, s.show_id, since, {_end("until")} AS until
            FROM {members} AS m, (SELECT DISTINCT show_id FROM {listens}) AS s WHERE m.show_id = '*'
        )
        SELECT l.* REPLACE (CASE WHEN standing = 'held' AND is_final
                THEN if(held_since <= release_until, 'payable', 'late') ELSE standing END AS standing),
            r.run_no, v.valid_from
        FROM {listens} AS l
        JOIN {runs} AS r ON r.period = strftime(l.listen_day, '%Y-%m')
        SEMI JOIN all_members AS m ON m.run_no = r.run_no AND m.show_id = l.show_id
            AND l.listen_day >= m.since AND l.listen_day < m.until
        LEFT JOIN (SELECT show_id, valid_from, {_end("valid_to")} AS valid_to FROM {versions}) AS v
            ON v.show_id = l.show_id AND l.listen_day >= v.valid_from AND l.listen_day < v.valid_to"""


def _end(day: str) -> str:
    """An end that may be open as a date: joins by comparisons alone are hashed, one with an OR goes pair by pair."""
    return f"coalesce({day}, DATE '9999-12-31')"


def heard(listens: str) -> str:
    """What each listener heard of each item of a run, held or not, ms, and in all: ``raw``, ``raw_held``, ``heard_ms``.

    ``listens`` are those of :func:`of_runs`; only payable ones weigh anything.
    """
    return f"""
        SELECT *, sum(raw) OVER (PARTITION BY run_no, listener_id)::BIGINT AS heard_ms
        FROM (
            SELECT run_no, listener_id, show_id, valid_from, sum(heard_ms)::BIGINT AS raw,
                coalesce(sum(heard_ms) FILTER (standing = 'held'), 0)::BIGINT AS raw_held
            FROM {listens} WHERE standing IN {PAYABLE} AND heard_ms > 0
            GROUP BY run_no, listener_id, show_id, valid_from
        )"""


def levels(heard: str, runs: str, fees: str) -> str:
    """Of runs by scaled fees, what listeners who heard something paid, by how much they heard: ``level``, ``fees``."""
    return f"""
        SELECT run_no, least(h.heard_ms, {LEVEL_MOST})::BIGINT AS level, sum(f.fee_minor)::BIGINT AS fees
        FROM (SELECT DISTINCT run_no, listener_id, heard_ms FROM {heard}) AS h
        JOIN (SELECT run_no FROM {runs} WHERE rule = '{Rule.SCALED_USER}') USING (run_no)
        JOIN {fees} AS f USING (run_no, listener_id)
        WHERE f.fee_minor > 0 GROUP BY ALL"""


def scales(levels: str, runs: str) -> str:
    """Of each run by scaled fees the exact fraction γ: ``scale_over / scale_under``, and ``fees``, all that was paid.

    γ is the least for which Σ fee * min(γ * level, 1) is U, the lesser of the net and all fees. With the levels in
    falling order, those before the first one at which ``(U - fees before it) * level`` is at most Σ fee * level of
    itself and those after it give their whole fee, and what they leave is given by the others in proportion
    (Ghosh et al., 2025, arXiv 2511.04465).
    """
    return f"""
        SELECT run_no, any_value(all_fees)::BIGINT AS fees, arg_max(to_give - before, level)::BIGINT AS scale_over,
            arg_max(under, level)::DECIMAL(38, 0) AS scale_under
        FROM (
            SELECT *, greatest(least(r.net_minor::HUGEINT, all_fees), 0) AS to_give FROM (
                SELECT run_no, level, sum(fees) OVER (PARTITION BY run_no) AS all_fees,
                    sum(fees) OVER (PARTITION BY run_no ORDER BY level DESC) - fees AS before,
                    sum(fees * level) OVER (PARTITION BY run_no ORDER BY level) AS under
                FROM (
                    SELECT run_no, level::HUGEINT AS level, sum(fees)::HUGEINT AS fees
                    FROM {levels} GROUP BY run_no, level
                )
            ) JOIN {runs} AS r USING (run_no)
        ) WHERE (to_give - before) * level <= under
        GROUP BY run_no"""


def weighed(heard: str, runs: str, fees: str, scales: str) -> str:
    """The rows of :func:`heard` with ``weight`` and ``held_weight``, by the rule of their run.

    ``fees`` is what listeners paid (``run_no, listener_id, fee_minor``), ``scales`` as :func:`scales` finds them.
    """
    level = f"least(heard_ms, {LEVEL_MOST})"
    given = f"""CASE rule
        WHEN '{Rule.USER_CENTRIC}' THEN fee_minor * 100 * (10000 - fee_bps)
        WHEN '{Rule.SCALED_USER}' THEN if(scale_over * {level} >= scale_under, {MICRO} * fee_minor,
            {MICRO} * fee_minor * scale_over * {level} // scale_under)
        ELSE 0 END"""
    tie = tie_of("program", "period", "show_id", "valid_from")
    columns = "run_no, listener_id, show_id, valid_from, raw, raw_held, heard_ms"
    return f"""
        WITH wide AS (
            SELECT * REPLACE (raw::HUGEINT AS raw, raw_held::HUGEINT AS raw_held, heard_ms::HUGEINT AS heard_ms)
            FROM {heard}
        ),
        by_pool AS (
            SELECT {columns}, if(rule = '{Rule.CAPPED}' AND heard_ms > cap_ms,
                {floored("raw", "cap_ms", "heard_ms")}, raw) AS weight
            FROM wide JOIN {runs} USING (run_no) WHERE rule IN ('{Rule.PRO_RATA}', '{Rule.CAPPED}')
        ),
        of_users AS (
            SELECT w.*, r.program, r.period, coalesce({given}, 0)::HUGEINT AS given
            FROM wide AS w
            JOIN (FROM {runs} WHERE rule IN ('{Rule.USER_CENTRIC}', '{Rule.SCALED_USER}')) AS r USING (run_no)
            LEFT JOIN (SELECT run_no, listener_id, fee_minor::HUGEINT AS fee_minor FROM {fees}) AS f
                USING (run_no, listener_id)
            LEFT JOIN (
                SELECT run_no, scale_over::HUGEINT AS scale_over, scale_under::HUGEINT AS scale_under FROM {scales}
            ) AS s USING (run_no)
        ),
        by_user AS (
            SELECT {columns}, base + bonus AS weight
            FROM ({divided("of_users", "given", "raw", "run_no, listener_id", tie)})
        )
        SELECT *, if(raw_held = 0, 0, weight - {floored("weight", "raw - raw_held", "raw")})::HUGEINT AS held_weight
        FROM (FROM by_pool UNION ALL FROM by_user)"""


def by_listening(listens: str, runs: str) -> str:
    """The listens of runs whose rule looks at what was heard; the others count plays."""
    return f"SELECT * FROM {listens} SEMI JOIN (FROM {runs} WHERE rule <> '{Rule.CPM}') USING (run_no)"


def played(plays: str, listens: str, campaigns: str) -> str:
    """Billable plays of each campaign of a run, by item and day: ``plays``.

    ``plays`` are billable rows of ``silver/ad_plays``, ``campaigns`` those of each run. A play counts where its listen
    is payable in that run: with one that is held, void or too late it counts nothing.
    """
    return f"""
        SELECT l.run_no, p.campaign_id, l.show_id, l.valid_from, l.listen_day, count(*)::BIGINT AS plays
        FROM {plays} AS p JOIN (FROM {listens} WHERE standing = 'payable') AS l USING (listen_id)
        SEMI JOIN {campaigns} AS c ON c.run_no = l.run_no AND c.campaign_id = p.campaign_id
        GROUP BY ALL"""


def item_weights(weighed: str, played: str) -> str:
    """What each item weighs over these listeners, as decimals, which files keep exactly."""
    return f"""
        SELECT {ITEM}, sum(weight)::DECIMAL(38, 0) AS weight, sum(held_weight)::DECIMAL(38, 0) AS held_weight
        FROM (
            SELECT run_no, '' AS campaign_id, show_id, valid_from, weight, held_weight FROM {weighed}
            UNION ALL SELECT {ITEM}, plays::HUGEINT, 0::HUGEINT FROM {played}
        ) GROUP BY {ITEM}"""


def added_up(item_weights: str) -> str:
    """The same over all listeners, from those of their shares."""
    return f"""
        SELECT {ITEM}, sum(weight::HUGEINT)::HUGEINT AS weight, sum(held_weight::HUGEINT)::HUGEINT AS held_weight
        FROM {item_weights} GROUP BY {ITEM}"""
