"""A small month with planted frauds, through the whole house: the rules find them, and no honest oddity is invalid."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.frauds import payouts_with_plus
from benchmarks.judging import judge
from simulator.plan import make_plan
from simulator.simulation import simulate
from tests.conftest import Ran
from tests.simulator.simulated import quiet

START, PERIOD, WHEN = dt.date(2026, 12, 1), "2026-12", "2027-01-09T06:00:00Z"


@pytest.mark.spark
def test_planted_frauds_are_held_and_honest_oddities_are_not_invalid(
    podledger: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(make_plan(seed=3, days=7, start=START, devices=320, frauds=1, finance=True), tmp_path, 1, quiet)
    monkeypatch.setenv("PODLEDGER_PATHS_PAYOUTS", str(payouts_with_plus(tmp_path)))
    where = ("--landing", tmp_path / "landing", "--lake", tmp_path / "lake", "--now", WHEN)
    for command in (("land",), ("count",), ("listens",), ("finance",), ("settle", "--period", PERIOD)):
        ran = podledger(*command, *where)
        assert ran.code == 0, ran.err + ran.out
    found, oddities = judge(tmp_path / "lake", tmp_path / "truth", PERIOD)
    by_rule = {one.rule: one for one in found}
    for rule in ("many_listens", "active_hours", "same_pattern", "at_threshold", "backdated_burst", "more_than_paid"):
        one = by_rule[rule]
        assert one.planted > 0, one
        assert (one.recall or 0) >= 0.9, one
        assert (one.precision or 0) >= 0.9, one
        assert 0 <= one.innocent_minor < one.cost_minor, one
    for rule in ("impossible_day", "bot_agent"):
        sure = by_rule[rule]
        assert (sure.planted > 0, sure.precision, sure.recall) == (True, 1, 1), sure
    assert {one.role for one in oddities} == {"family", "sleeper", "at_sea", "triple_speed"}
    assert all(one.listens > 10 and one.invalid == 0 for one in oddities), oddities
