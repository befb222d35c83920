"""Rules that hold listens: what each finds, leaves alone and measures, by rows that a person can check."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.finance.programs import DatedHold
from jobs.payouts import read_payouts
from jobs.rules import read_rules
from jobs.settings import HOUSE
from jobs.steps.money.archive import FEES, SPLITS
from jobs.steps.money.shares_of_run import MEMBERS, POOLS, RUNS
from jobs.steps.money.suspecting import EntryToApply, Money, apply_entry
from jobs.transforms.settlement.suspicion import entries
from jobs.transforms.settlement.suspicions import RULES

COUNTING = read_rules(HOUSE / "conf" / "counting.toml")
OCTOBER = dt.date(2026, 10, 1)
LISTENS = pa.schema(
    [("listen_id", pa.string()), ("listener_id", pa.string()), ("episode_id", pa.string()), ("show_id", pa.string()),
     ("listen_day", pa.date32()), ("evidence", pa.string()), ("heard_ms", pa.int64()), ("status", pa.string()),
     ("completed", pa.bool_()), ("first_at", pa.timestamp("us", "UTC")), ("last_at", pa.timestamp("us", "UTC")),
     ("last_received_at", pa.timestamp("us", "UTC")), ("pattern", pa.uint64()), ("bucket", pa.int32())]
)  # fmt: skip
HOURS = pa.schema([("listener_id", pa.string()), ("listen_day", pa.date32()), ("hours", pa.int32())])


@dataclass
class Heard:
    """Listens of October, told by what a rule looks at."""

    folder: Path
    rows: list[dict[str, Any]] = field(default_factory=list)
    hours: list[dict[str, Any]] = field(default_factory=list)
    fees: list[dict[str, Any]] = field(default_factory=list)
    names: Iterator[int] = field(default_factory=count)

    def listen(
        self, listener: str, day: int = 5, episode: str = "ep-1", heard_ms: int = 600_000, pattern: int | None = None,
        completed: bool = False, came_days_later: float = 0.0, **more: Any,
    ) -> str:  # fmt: skip
        number = next(self.names)
        at = dt.datetime(2026, 10, day, 12, tzinfo=dt.UTC)
        row = {
            "listen_id": f"n{number}", "listener_id": listener, "episode_id": episode, "show_id": f"s-{episode}",
            "listen_day": at.date(), "evidence": "measured", "heard_ms": heard_ms, "status": "counted",
            "completed": completed, "first_at": at, "last_at": at,
            "last_received_at": at + dt.timedelta(days=came_days_later),
            "pattern": 1000 + number if pattern is None else pattern, "bucket": 0,
        }  # fmt: skip
        self.rows.append(row | more)
        return f"n{number}"

    def active(self, listener: str, day: int, hours: int) -> None:
        """Two devices of the listener played in so many hours of the day, the second in the last of them too."""
        for bits in ((1 << hours) - 1, 1 << (hours - 1)):
            self.hours.append({"listener_id": listener, "listen_day": dt.date(2026, 10, day), "hours": bits})

    def found(self, rule: str, since: dt.date = OCTOBER, **settings: int) -> dict[str, tuple[int, int, int]]:
        """Measured, allowed and the peers' median by listen, as the entry of conf (with these settings) finds it."""
        house = next(one for one in read_payouts(HOUSE / "conf" / "payouts.toml").holds if one.rule == rule)
        allowed = house.allowed | settings
        threshold = allowed.pop("threshold")
        (entry,) = entries([DatedHold(rule, since, threshold, tuple(allowed.items()))])
        path = apply_entry(
            EntryToApply(
                self.folder, entry, COUNTING, 7, self.file("listens", self.rows, LISTENS),
                self.file("hours", self.hours, HOURS), self.money(),
            )
        )  # fmt: skip
        found = pq.read_table(path).to_pylist()
        assert {row["rule"] for row in found} <= {rule}
        return {row["listen_id"]: (row["measured"], row["threshold"], row["peers_median"]) for row in found}

    def money(self) -> Money:
        """10 EUR of ads, shared; what fees bring in; and one payee of everything."""
        runs = [
            {"run_no": 0, "program": "ads", "rule": "pro_rata", "period": "2026-10", "is_final": False},
            {"run_no": 1, "program": "plus", "rule": "user_centric", "period": "2026-10", "is_final": False},
        ]
        members = [{"run_no": no, "show_id": "*", "since": OCTOBER, "until": None} for no in (0, 1)]
        pools = [
            {"pool_no": no, "run_no": no, "currency": "EUR", "campaign_id": "", "net_minor": 1000, "holdback_minor": 0}
            for no in (0, 1)
        ]
        splits = [
            {"show_id": show, "valid_from": OCTOBER, "valid_to": None, "payee_id": payee, "share": share}
            for show in sorted({row["show_id"] for row in self.rows})
            for payee, share in (("p1", 3), ("p2", 1))
        ]
        return Money(
            pa.Table.from_pylist(runs, RUNS), pa.Table.from_pylist(members, MEMBERS),
            pa.Table.from_pylist(pools, POOLS), self.file("splits", splits, SPLITS), self.file("fees", self.fees, FEES),
        )  # fmt: skip

    def file(self, name: str, rows: Sequence[dict[str, Any]], schema: pa.Schema) -> list[Path]:
        path = self.folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(list(rows), schema), path)
        return [path]


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    return Heard(tmp_path)


def test_many_listens_from_its_date_on(heard: Heard) -> None:
    before = [heard.listen("ana", day=4, episode=f"ep-{one}") for one in range(4)]
    many = [heard.listen("ana", day=5, episode=f"ep-{one}") for one in range(4)]
    for one in range(3):
        heard.listen("ben", day=5, episode=f"ep-{one}")
        heard.listen("cay", day=5, episode=f"ep-{one}")
    heard.listen("ana", day=5, episode="ep-9", status="too_short")
    found = heard.found("many_listens", since=dt.date(2026, 10, 5), threshold=3)
    assert found == dict.fromkeys(many, (4, 3, 3))
    assert set(before) <= set(heard.found("many_listens", threshold=3))


def test_active_hours_on_three_of_seven_days_over_all_devices(heard: Heard) -> None:
    bot = [heard.listen("bot", day=day) for day in (5, 7, 11)]
    quiet = heard.listen("bot", day=8)
    for day, hours in ((5, 21), (7, 24), (8, 20), (11, 22)):
        heard.active("bot", day, hours)
    for day in (5, 7, 12):  # the third one is a day too late
        heard.listen("ana", day=day)
        heard.active("ana", day, 24)
    for day in range(1, 29):  # asleep with the player on, every night, and awake with it in the evening
        heard.listen("ben", day=day)
        heard.active("ben", day, 16)
    found = heard.found("active_hours")
    assert found == {listen: (hours, 20, 16) for listen, hours in zip(bot, (21, 24, 22), strict=True)}
    assert quiet not in found


def test_the_same_stretches_by_many_listeners_but_not_whole_episodes(heard: Heard) -> None:
    ring = [heard.listen(f"bot-{one}", pattern=7) for one in range(4)]
    again = heard.listen("bot-0", day=6, pattern=7)
    for one in range(6):
        heard.listen(f"fan-{one}", episode="ep-2", pattern=8, completed=True)
        heard.listen(f"fan-{one}", episode=f"ep-3{one}", pattern=7)
    assert heard.found("same_pattern", threshold=3) == dict.fromkeys([*ring, again], (4, 3, 1))
    assert heard.found("same_pattern", threshold=4) == {}


def test_an_episode_whose_listens_end_at_the_threshold(heard: Heard) -> None:
    glimpsed = [heard.listen(f"bot-{one}", heard_ms=30_001 + one) for one in range(3)]
    heard.listen("fan", heard_ms=600_000)
    heard.listen("fan-2", heard_ms=35_001)
    for one in range(6):
        heard.listen(f"fan-{one}", episode="ep-2", heard_ms=30_001 if one < 2 else 600_000)
    heard.listen("one", episode="ep-3", heard_ms=30_001)  # of too few to say anything
    assert heard.found("at_threshold", listens=5, threshold=49) == dict.fromkeys(glimpsed, (60, 49, 33))
    assert heard.found("at_threshold", listens=5, threshold=60) == {}


def test_what_comes_in_old_just_before_a_cut_off(heard: Heard) -> None:
    # heard at noon of the 1st, the cut-off is at midnight before the 8th of November: 37.5 days later
    burst = [heard.listen(f"bot-{one}", day=1, came_days_later=37.4 - one / 10) for one in range(3)]
    heard.listen("in-time", day=1)
    for days in (37.4, 35.4):  # one came back from sea at the last moment, one before
        heard.listen(f"sea-{days}", day=1, episode="ep-2", came_days_later=days)
    for one in range(3):  # heard in the last days before, and sent at once
        heard.listen(f"new-{one}", day=31, episode="ep-3", came_days_later=6.9)
    found = heard.found("backdated_burst", listeners=3, threshold=50)
    assert found == dict.fromkeys(burst, (75, 50, 0))
    assert heard.found("backdated_burst", listeners=4, threshold=50) == {}


def test_more_to_one_payee_than_the_listener_pays(heard: Heard) -> None:
    # of 1000: the farm hears half (500, of which 375 go to p1), fan and guest a quarter (250, 187 to p1)
    farm = [heard.listen("farm", day=day, heard_ms=1_000_000) for day in (1, 2)]
    for listener in ("fan", "guest"):
        heard.listen(listener, heard_ms=1_000_000)
    for listener, fee in (("farm", 300), ("fan", 300), ("guest", 0)):
        heard.fees.append(
            {"program": "plus", "period": "2026-10", "listener_id": listener, "fee_minor": fee, "bucket": 0}
        )
    assert heard.found("more_than_paid") == dict.fromkeys(farm, (125, 100, 62))


def test_every_rule_is_in_conf_and_says_what_it_is() -> None:
    named = {hold.rule for hold in read_payouts(HOUSE / "conf" / "payouts.toml").holds}
    assert named == set(RULES)
    assert all(rule.about and rule.of for rule in RULES.values())
