"""Dated lists of names, as conf has them and as a query asks for them."""

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from jobs.errors import Stop
from jobs.rules import read_rules
from jobs.settings import HOUSE
from jobs.transforms.rules import DatedNames, names_a_product

FIRST, SECOND = dt.date(2026, 12, 1), dt.date(2027, 2, 1)
LISTS = (DatedNames(FIRST, ("Googlebot", "k6", "a.b-c")), DatedNames(SECOND, ("k6",)))


@pytest.mark.parametrize(
    ("day", "agent", "is_named"),
    [
        ("2026-12-01", "Googlebot/2.1", True),
        ("2026-12-01", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://x)", True),
        ("2026-11-30", "Googlebot/2.1", False),
        ("2027-01-31", "Mozilla/5.0+(Googlebot/2.1)", True),
        ("2027-02-01", "Googlebot/2.1", False),  # the next list does without it
        ("2027-02-01", "Grafana k6/1.0", True),
        ("2026-12-01", "a.b-c/1", True),
        ("2026-12-01", "aXb-c/1", False),
        ("2026-12-01", "App/3 (CUBOT X30)", False),
        ("2026-12-01", "NoGooglebot/1", False),
        ("2026-12-01", "my-Googlebot/1", False),
        ("2026-12-01", "googlebot/2.1", False),
        ("2026-12-01", "App/3 for Googlebot", False),
        ("2026-12-01", None, False),
    ],
)
def test_a_product_is_named_whole_by_the_list_in_force(day: str, agent: str | None, is_named: bool) -> None:
    query = f"SELECT {names_a_product(LISTS, 'day', 'agent')} FROM (SELECT ?::DATE AS day, ?::VARCHAR AS agent)"
    assert duckdb.execute(query, [day, agent]).fetchone() == (is_named,)


def test_without_a_list_nothing_is_named() -> None:
    assert names_a_product((), "day", "agent") == "false"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("from = 2026-12-01\nproducts = []", "products"),
        ("from = 2026-12-01\nproducts = [7]", "7 is no product"),
        ('from = 2026-12-01\nproducts = ["Google bot"]', "'Google bot' is no product"),
        ('products = ["k6"]', "from"),
        ('from = 2026-12-01\nproducts = ["k6"]\n[[bot_agent]]\nfrom = 2026-12-01\nproducts = ["k7"]', "two lists"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, entry: str, said: str) -> None:
    house = (HOUSE / "conf" / "counting.toml").read_text(encoding="utf-8")
    path = tmp_path / "counting.toml"
    path.write_text(f"{house[: house.index('[[bot_agent]]')]}[[bot_agent]]\n{entry}\n", encoding="utf-8")
    with pytest.raises(Stop, match="mend the file") as refused:
        read_rules(path)
    assert said in str(refused.value)
