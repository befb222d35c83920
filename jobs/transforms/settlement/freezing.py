"""Listens as they were known before a cut-off, and what each of them is in every program."""

from jobs.transforms.listens import IMPOSSIBLE_DAY, KEY, device_days, impossible_days, listen_id, parts, progress
from jobs.transforms.rules import CountingRules

COLUMNS = "listen_id, listener_id, episode_id, show_id, listen_day, evidence, heard_ms, status"
MEASURED = "completed, first_at, last_at, last_received_at, hash(heard) AS pattern"
"""What rules that hold listens look at besides, of rows of ``silver/listens``."""
DIGEST = "listen_id, listener_id, episode_id, show_id, listen_day, evidence, heard_ms, status, standing"
UNSURE_CLOCK = "unsure_clock"
"""Name of the rule that holds listens with an event of which nobody knows for sure when it happened."""


def is_as_before(cut_off: str) -> str:
    """Whether a listen was the same when only records received before that instant were known, as SQL.

    Device days only ever grow, so an impossible one may not have been one before: such listens are asked for anew.
    """
    return f"(last_received_at < {cut_off} AND NOT list_contains(reasons, '{IMPOSSIBLE_DAY}'))"


def with_bucket(listens: str) -> str:
    """The columns of listens that settling looks at, and ``bucket``, 0..255, by which listeners are cut into shares."""
    return f"SELECT {COLUMNS}, ('0x' || left(md5(listener_id), 2))::INTEGER AS bucket FROM {listens}"


def with_measures(listens: str) -> str:
    """The same with ``MEASURED``; ``pattern`` is equal where the same stretches were heard, and says nothing else."""
    bucket = "('0x' || left(md5(listener_id), 2))::INTEGER AS bucket"
    return f"SELECT {COLUMNS}, {MEASURED}, {bucket} FROM {listens}"


def facts(listens: str, min_heard: str, cut_off_days: int) -> str:
    """Listens that count, as rules that hold them see them: instants are plain UTC timestamps.

    ``month`` is that of the listen's day, ``min_heard_ms`` the length beyond which it counts, and ``cut_off_after`` the
    first cut-off of any month after it came in.
    """
    received = "make_timestamp(epoch_us(last_received_at))"
    return f"""
        SELECT {COLUMNS}, completed, pattern, strftime(listen_day, '%Y-%m') AS month, {min_heard} AS min_heard_ms,
            make_timestamp(epoch_us(first_at)) AS first_at, make_timestamp(epoch_us(last_at)) AS last_at,
            {received} AS last_received_at,
            date_trunc('month', {received} - INTERVAL {cut_off_days} DAY) + INTERVAL 1 MONTH
                + INTERVAL {cut_off_days} DAY AS cut_off_after
        FROM {listens} WHERE status = 'counted'"""


def active_hours(events: str) -> str:
    """The UTC hours of each day in which a listener's devices played, as bits; by these events alone."""
    at = 'make_timestamp(epoch_us("at"))'
    return f"""
        SELECT listener_id, {at}::DATE AS listen_day, bit_or(1::INTEGER << hour({at})::INTEGER) AS hours
        FROM {events} WHERE type = 'progress' AND evidence = 'measured' GROUP BY ALL"""


def impossible_before(events: str, impossible: str, rules: CountingRules) -> str:
    """Which of the device days that are impossible now were so by these events alone."""
    days = f"(SELECT device_id, day AS device_day FROM {impossible})"
    heard = f"(SELECT * FROM ({progress(events, rules)}) SEMI JOIN {days} AS d USING (device_id, device_day))"
    return impossible_days(f"({device_days(heard)})", rules)


def parts_before(events: str, asked: str, impossible: str, rules: CountingRules) -> str:
    """Parts of the listens asked for, from these events alone."""
    heard = f"(SELECT * FROM ({progress(events, rules)}) SEMI JOIN {asked} USING ({', '.join(KEY)}))"
    return parts(heard, impossible)


def unsure(events: str) -> str:
    """Listens with an event on a clock that does not say when it happened, and how many such: a rule of holds."""
    return f"""
        SELECT {listen_id("e")} AS listen_id, '{UNSURE_CLOCK}' AS rule, count(*)::BIGINT AS measured,
            0::BIGINT AS threshold, NULL::BIGINT AS peers_median
        FROM {events} AS e WHERE type = 'progress' AND clock IN ('clamped', 'unknown')
        GROUP BY ALL"""


def standings(listens: str, holds: str, decisions: str, pay_claimed: bool) -> str:
    """The listens with ``standing``, the first that applies of invalid, too_short, not_payable, void and held.

    ``holds`` are ``listen_id, since`` of what is held by some rule, ``decisions`` are ``listen_id, decision`` in force.
    ``held_since`` tells a run that is final which of them to release (see ``weights.of_runs``).
    """
    beside = """evidence = 'claimed' AND bool_or(evidence = 'measured' AND status = 'counted')
        OVER (PARTITION BY listener_id, episode_id, listen_day)"""
    not_payable = beside if pay_claimed else "evidence = 'claimed'"
    return f"""
        SELECT l.*, CASE WHEN status <> 'counted' THEN status
            WHEN {not_payable} THEN 'not_payable'
            WHEN d.decision = 'void' THEN 'void'
            WHEN h.listen_id IS NOT NULL AND d.decision IS NULL THEN 'held'
            ELSE 'payable' END AS standing, h.since AS held_since
        FROM {listens} AS l LEFT JOIN {holds} AS h USING (listen_id) LEFT JOIN {decisions} AS d USING (listen_id)"""


def digests(listens: str) -> str:
    """By bucket the SHA-256 over its listens in the order of their ids: what the frozen input is told by."""
    row = f"md5(concat_ws(chr(10), {DIGEST}))"
    return f"""
        SELECT bucket, sha256(string_agg({row}, '' ORDER BY listen_id)) AS digest, count(*) AS listens
        FROM {listens} GROUP BY bucket"""
