"""Months, their cut-offs, and when one is final. Everything is UTC."""

import datetime as dt
import re
from dataclasses import dataclass

WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar month, UTC, by which listens are settled; written ``YYYY-MM``."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> "Period":
        """The month that is written there.

        Raises:
            ValueError: it is not ``YYYY-MM``.
        """
        written = WRITTEN.fullmatch(text)
        if written is None or written[1] == "0000":
            raise ValueError(f"{text!r} is no month like 2026-10")
        return cls(int(written[1]), int(written[2]))

    @classmethod
    def of(cls, day: dt.date) -> "Period":
        """The month of that day."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        """The month as files and tables write it."""
        return f"{self.year:04d}-{self.month:02d}"

    def plus(self, months: int) -> "Period":
        """The month so many months later."""
        count = self.year * 12 + self.month - 1 + months
        return Period(count // 12, count % 12 + 1)

    @property
    def first_day(self) -> dt.date:
        """Its first day."""
        return dt.date(self.year, self.month, 1)

    @property
    def last_day(self) -> dt.date:
        """Its last day."""
        return self.plus(1).first_day - dt.timedelta(days=1)

    @property
    def end(self) -> dt.datetime:
        """The instant at which it is over."""
        return dt.datetime.combine(self.plus(1).first_day, dt.time(), dt.UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How long after a month its cut-off is, and how old it is when a close makes it final, in days."""

    cut_off_days: int
    final_days: int

    def cut_off(self, period: Period) -> dt.datetime:
        """The instant before which a record must have been received to be settled with this month."""
        return period.end + dt.timedelta(days=self.cut_off_days)

    def final_close(self, period: Period) -> Period:
        """The month whose close makes this one final: the first with a cut-off that many days after its end."""
        final_from = period.end + dt.timedelta(days=self.final_days)
        close = period
        while self.cut_off(close) < final_from:
            close = close.plus(1)
        return close

    def kind(self, period: Period, settlement_period: Period) -> str:
        """What the close of ``settlement_period`` does to a period that is not final: settle, true_up or final.

        Raises:
            ValueError: the close is of an earlier month.
        """
        if settlement_period < period:
            raise ValueError(f"{period} is not over when {settlement_period} is closed")
        if settlement_period >= self.final_close(period):
            return "final"
        return "settle" if settlement_period == period else "true_up"
