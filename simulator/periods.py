"""Months of the UTC calendar, and when each is cut off."""

import datetime as dt

from simulator.units import DAY_MS, day_start_ms

CUT_OFF_DAYS = 7
"""So many days after a month what came in is settled, as conf/payouts.toml of the house has it."""


def month_of(at_ms: int) -> dt.date:
    """The first day of the month of an instant."""
    return dt.datetime.fromtimestamp(at_ms // 1000, dt.UTC).date().replace(day=1)


def next_month(first: dt.date) -> dt.date:
    """The first day of the month after."""
    return (first + dt.timedelta(days=31)).replace(day=1)


def months_of(start_ms: int, days: int) -> list[dt.date]:
    """The first days of all months in which a simulation has a day."""
    last = month_of(start_ms + days * DAY_MS - 1)
    found = [month_of(start_ms)]
    while found[-1] < last:
        found.append(next_month(found[-1]))
    return found


def next_cut_off_ms(start_ms: int) -> int:
    """The cut-off of the month of an instant."""
    return day_start_ms(next_month(month_of(start_ms))) + CUT_OFF_DAYS * DAY_MS
