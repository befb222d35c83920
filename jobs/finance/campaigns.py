"""Campaigns of advertisers: the months they are documents of, and what plays of them bring in."""

from collections.abc import Iterator, Mapping

from jobs.finance.amounts import Money, document
from jobs.finance.files import COLUMNS, FinanceSet, Row
from jobs.finance.periods import Period

CAMPAIGNS = "campaigns.csv"
PLAYS_OF_CPM = 1000
"""``cpm_minor`` is for so many plays."""


def campaign_text(row: Row | Mapping[str, object]) -> str:
    """A campaign's columns in one text: what must not change once a month of it is posted."""
    return "|".join(str(row[column]) for column in COLUMNS[CAMPAIGNS] if column != "campaign_id")


def months_of(row: Row) -> Iterator[Period]:
    """The months of its flight: with each of them it is one document of its program."""
    month, last = Period.of(row["starts"]), Period.of(row["ends"])
    while month <= last:
        yield month
        month = month.plus(1)


def campaigns_of(finance: FinanceSet, program: str, period: Period) -> list[Row]:
    """The program's campaigns with a day of their flight in that month, in the order of their names."""
    rows = (row for row in finance["campaigns"] if row["program"] == program)
    found = [row for row in rows if Period.of(row["starts"]) <= period <= Period.of(row["ends"])]
    return sorted(found, key=lambda row: str(row["campaign_id"]))


def money_of_plays(plays: int, cpm_minor: int, fee_bps: int, holdback_bps: int) -> Money:
    """What so many billable plays bring in: ``gross = floor(cpm_minor * plays / 1000)``, less fee and holdback."""
    return document(cpm_minor * plays // PLAYS_OF_CPM, fee_bps, holdback_bps)
