"""conf/payouts.toml: what it says is read, and what contradicts itself is refused."""

from pathlib import Path

import pytest

from jobs.errors import Stop
from jobs.finance.periods import Period
from jobs.finance.programs import DatedRule, Rule
from jobs.payouts import read_payouts

HOUSE = Path(__file__).parents[2] / "conf" / "payouts.toml"
RULES = 'rules = [{ from = 2026-01-01, rule = "pro_rata" }]'
SHOWS = 'shows = [{ show_id = "*", from = 2026-01-01 }]'


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = HOUSE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "payouts.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_a_rule_holds_from_its_month_on(tmp_path: Path) -> None:
    later = '{ from = 2026-03-01, rule = "capped", cap_ms = 36_000_000 }'
    payouts = read_payouts(changed(tmp_path, RULES, RULES.replace("]", f", {later}]")))
    assert payouts.rule("ads", Period(2025, 12)) is None
    assert payouts.rule("ads", Period(2026, 2)) == DatedRule(Period(2026, 1), Rule.PRO_RATA)
    assert payouts.rule("ads", Period(2026, 3)) == DatedRule(Period(2026, 3), Rule.CAPPED, 36_000_000)
    assert payouts.rule("no", Period(2026, 3)) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("from = 2026-01-01, rule", "from = 2026-01-15, rule", "a rule changes on the first of a month"),
        ('"pro_rata"', '"fair"', "unknown rule 'fair'; there are pro_rata, capped, user_centric, scaled_user, cpm"),
        ('"pro_rata"', '"capped"', "lacks cap_ms"),
        ('"pro_rata"', '"pro_rata", cap_ms = 1', "unknown cap_ms"),
        (RULES, RULES.replace("]", ', { from = 2026-01-01, rule = "cpm" }]'), "each month once"),
        (SHOWS, SHOWS.replace("]", ', { show_id = "s-1", from = 2026-02-01 }]'), "is listed twice for 2026-02-01"),
        (SHOWS, SHOWS.replace("}]", ", to = 2026-01-01 }]"), "leaves on 2026-01-01, not after it joins"),
        ("approvals = 2", "approvals = 0", "approvals is 0, less than 1"),
        ("approvals = 2", 'approvals = "2"', "approvals = '2' is no int"),
        ("approvals = 2", "approval = 2", "lacks approvals"),
        ("final_days = 90", "final_days = 6", "final before it is settled"),
        ('name = "ads"', 'name = "a d s"', "a name is a letter"),
        ("EUR = 2_500", "EURO = 2_500", "a currency of ISO 4217"),
        ('"many_listens"', '"many"', "hold: unknown rule 'many'; there are active_hours, at_threshold, "),
        ("threshold = 300", "threshold = 0", "threshold is 0, less than 1"),
        ("days = 3", "day = 3", "hold active_hours lacks days"),
        ("threshold = 300", "threshold = 300\ndays = 3", "hold many_listens: unknown days"),
        ('rule = "same_pattern"', 'rule = "many_listens"', "hold: a rule is listed twice for one day"),
        (SHOWS, f'{SHOWS}\nplays_as_they_are = ["2026-10"]', "plays_as_they_are names 2026-10, in which it counts no"),
        (SHOWS, f'{SHOWS}\nplays_as_they_are = ["October"]', "'October' is no month like 2026-10"),
        ("[life]", "[life", "cannot read the programs"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(Stop, match="mend the file") as refused:
        read_payouts(changed(tmp_path, old, new))
    assert said in str(refused.value)
