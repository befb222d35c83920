"""Plays of ads as they were known before a cut-off, for programs that divide what campaigns bring in."""

COLUMNS = "listen_id, arrangement_id, slot, campaign_id, show_id, listen_day"


def known_plays(plays: str, days: str, cut_off: str) -> str:
    """The billable ones of these days that had reached their campaign's tier by what was received before the cut-off.

    ``plays`` are rows of ``silver/ad_plays``, ``days`` a condition. Later records take nothing from a play that reached
    its tier; whether its listen counts and is not held is asked of the listens of the same close.
    """
    return f"SELECT {COLUMNS} FROM {plays} WHERE {days} AND billable AND tier_received_at < {cut_off}"


def out_of_flight(plays: str, campaigns: str) -> str:
    """Plays of no campaign that flies on their day; ``campaigns`` are ``campaign_id, starts, ends``, ends included."""
    return f"""
        SELECT p.campaign_id, p.listen_day, count(*) AS plays FROM {plays} AS p LEFT JOIN {campaigns} AS c
            ON c.campaign_id = p.campaign_id AND p.listen_day >= c.starts AND p.listen_day <= c.ends
        WHERE c.campaign_id IS NULL GROUP BY ALL ORDER BY ALL"""


def plays_digest(plays: str) -> str:
    """The SHA-256 over these plays in the order of their key, whatever files they are in; null without any."""
    row = f"md5(concat_ws(chr(10), {COLUMNS}))"
    return f"SELECT sha256(string_agg({row}, '' ORDER BY listen_id, arrangement_id, slot)) AS digest FROM {plays}"
