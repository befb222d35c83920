"""Spans of time in milliseconds, and days and hours of an instant (all UTC)."""

import datetime as dt

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

FAR_FUTURE_MS = 1 << 62
"""Later than any instant of a simulation."""


def day_text(at_ms: int) -> str:
    """The UTC date of an instant, as `2026-10-01`."""
    return dt.datetime.fromtimestamp(at_ms // 1000, dt.UTC).strftime("%Y-%m-%d")


def day_start_ms(day: dt.date) -> int:
    """The first millisecond of a UTC date."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    return int(start.timestamp()) * SECOND_MS
