import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.finance.amounts import document, in_words
from jobs.finance.periods import Calendar, Period


def test_fee_and_holdback_round_towards_zero() -> None:
    bought, taken_back = document(999, 1000, 500), document(-999, 1000, 500)
    assert (bought.fee, bought.net, bought.holdback) == (99, 900, 45)
    assert (taken_back.fee, taken_back.net, taken_back.holdback) == (-99, -900, -45)
    both = bought + taken_back
    assert (both.gross, both.net, both.holdback) == (0, 0, 0)


@given(st.integers(-(10**13), 10**13), st.integers(0, 10_000), st.integers(0, 10_000))
def test_parts_never_exceed_the_whole(gross: int, fee_bps: int, holdback_bps: int) -> None:
    money = document(gross, fee_bps, holdback_bps)
    assert abs(money.fee) + abs(money.net) == abs(gross)
    assert 0 <= abs(money.holdback) <= abs(money.net)


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [(12345, "EUR", "123.45 EUR"), (-5, "EUR", "-0.05 EUR"), (0, "JPY", "0 JPY"), (1, "KWD", "0.001 KWD")],
)
def test_amounts_are_written_by_the_exponent_of_their_currency(minor: int, currency: str, said: str) -> None:
    assert in_words(minor, currency) == said


def test_a_month_is_cut_off_after_a_week_and_final_at_the_third_close_after_it() -> None:
    calendar = Calendar(cut_off_days=7, final_days=90)
    october = Period.read("2026-10")
    assert (october.first_day, october.last_day) == (dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert calendar.cut_off(october) == dt.datetime(2026, 11, 8, tzinfo=dt.UTC)
    # 90 days after 1 November is 30 January: the cut-off of 8 January is too early
    assert str(calendar.final_close(october)) == "2027-01"
    kinds = [calendar.kind(october, october.plus(months)) for months in range(5)]
    assert kinds == ["settle", "true_up", "true_up", "final", "final"]
    with pytest.raises(ValueError, match="2026-10 is not over when 2026-09 is closed"):
        calendar.kind(october, october.plus(-1))


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "202610", "0000-01", "2026-10 "])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month like 2026-10"):
        Period.read(text)
