"""A small house with money: listens landed at instants, finance files, people, and closes by command."""

import datetime as dt
import gzip
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jobs.settings import read_settings
from jobs.steps.work import Report, Step, Work, perform
from jobs.tables import AD_PLAYS
from tests.conftest import Ran
from tests.properties.tables import rows
from tests.records.made import ABSENT, body, envelope, made_id, progress, text_of

PAYEES = """payee_id,name,email,country,currency,iban,bic,min_payout_minor,withholding_bps,hold
p1,Ana,,DE,EUR,DE89370400440532013000,COBADEFFXXX,1000,0,
p2,Ben,,DE,EUR,DE75512108001245126199,,1000,1500,
"""
SPLITS = """show_id,payee_id,share,valid_from,valid_to
s-1,p1,60,2026-01-01,
s-1,p2,40,2026-01-01,
s-2,p2,1,2026-01-01,
"""
POOLS = """document_id,program,period,currency,gross_minor,fee_bps,holdback_bps
inv-1,ads,2026-10,EUR,11200,1000,500
"""
SHOWS = {"ep-1": "s-1", "ep-2": "s-2", "ep-3": "s-3"}
NOBODY, DAEMON, BIN = 65534, 1, 2
"""User ids that every system has, beside the one that runs the tests."""


@dataclass(frozen=True)
class Play:
    """A play of an ad in a listen (its row): slot, campaign, when its record was received, and whether it is billed."""

    listen: Mapping[str, Any]
    slot: str
    campaign: str
    received: str
    billable: bool = True


@dataclass
class House:
    """The folders, and the commands on them."""

    podledger: Callable[..., Ran]
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    seqs: dict[str, int] = field(default_factory=dict)

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def heard(
        self, device: str, episode: str, at: str, heard_s: int, received: str, clock_ahead_s: int = 0, rate: int = 1000,
        agent: str | None = None,
    ) -> None:  # fmt: skip
        """A device heard so many seconds of an episode at an instant, and its record was received at another."""
        line = self.line(device, episode, at, heard_s, received, clock_ahead_s, rate, agent)
        self.land(f"{device}-{self.seqs[device]}", received, [line])

    def line(
        self, device: str, episode: str, at: str, heard_s: int, received: str, clock_ahead_s: int = 0, rate: int = 1000,
        agent: str | None = None,
    ) -> bytes:  # fmt: skip
        """The landing line of that."""
        seq = self.seqs[device] = self.seqs.get(device, 0) + 1
        at_ms, received_ms = (_ms(one) for one in (at, received))
        wall_ms = at_ms + clock_ahead_s * 1000
        record = progress(
            seq=seq, episode_id=episode, wall_ms=wall_ms, session_wall_ms=wall_ms, session_id=f"{device}-{seq}",
            from_ms=0, to_ms=heard_s * 1000, rate_milli=rate,
        )  # fmt: skip
        record |= {"id": made_id(record, device_id=device)}
        content = body(record, device_id=device, sent={"wall_ms": received_ms})
        told = {"receipt": f"{device}-{seq}", "account_id": ABSENT, "user_agent": agent}
        return text_of(envelope(content, device_id=device, received_ms=received_ms, **told))

    def land(self, name: str, sealed: str, lines: Iterable[bytes]) -> None:
        """A file of these lines, sealed at that instant."""
        path = self.landing / "sync" / sealed[:10] / sealed[11:13] / f"{name}.ndjson.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"\n".join(lines)))

    def play(self, plays: Iterable[Play]) -> None:
        """Puts these plays into their table, as a step of its own does."""
        rows = [
            {**{name: one.listen[name] for name in ("listen_id", "show_id", "listen_day")}, "arrangement_id": "a-1",
             "slot": one.slot, "campaign_id": one.campaign, "billable": one.billable,
             "tier_received_at": dt.datetime.fromisoformat(one.received).replace(tzinfo=dt.UTC)}
            for one in plays
        ]  # fmt: skip

        def run(work: Work) -> Report:
            work.store.add_few(AD_PLAYS, rows)
            return Report("plays", news=True)

        work = Work(read_settings({}, lake=str(self.lake)), dt.datetime.now(dt.UTC), lambda _: None)
        perform(Step("plays", reads=(), writes=(AD_PLAYS,), run=run, has_news=lambda _: True), work)

    def finance(self, **files: str) -> None:
        for name, text in files.items():
            (self.landing / "finance" / f"{name}.csv").write_text(text, encoding="utf-8")
        self.run("finance", now="2026-11-01")

    def count(self) -> None:
        for step in ("land", "count", "listens"):
            self.run(step)

    def run(self, command: str, *arguments: str, now: str = "2026-11-09", by: int | None = None) -> Ran:
        """The command's answer; it has to go through."""
        ran = self.tried(command, *arguments, now=now, by=by)
        assert ran.code == 0, f"{command}: {ran.err}\n{ran.out}"
        return ran

    def tried(self, command: str, *arguments: str, now: str = "2026-11-09", by: int | None = None) -> Ran:
        with self.monkeypatch.context() as patched:
            if by is not None:
                patched.setattr(os, "getuid", lambda: by)
            where = ("--landing", self.landing, "--lake", self.lake, "--now", f"{now}T06:00:00Z")
            return self.podledger(command, *arguments, *where)

    def close(self, period: str, now: str) -> None:
        """Settles, approves twice, and posts."""
        self.run("settle", "--period", period, now=now)
        for who in (DAEMON, BIN):
            self.run("approve", "--period", period, now=now, by=who)
        self.run("post", "--period", period, now=now)

    def rows(self, name: str) -> list[dict[str, Any]]:
        return rows(self.lake, name)

    def classes(self, kind: str) -> dict[str, str]:
        """What each listener's listen is in the one run of that kind."""
        (run,) = {row["run_id"] for row in self.rows("gold/settlement_runs") if row["kind"] == kind}
        return {
            row["listener_id"]: row["class"] for row in self.rows("gold/listen_settlements") if row["run_id"] == run
        }

    def postings(
        self, kind: str, period: str | None = None, close: str | None = None
    ) -> dict[tuple[str, str | None], int]:
        """Signed amounts (credits positive) by account and show of the entries of that kind."""
        return {
            (row["account"], row["show_id"]): row["amount_minor"] * (1 if row["side"] == "credit" else -1)
            for row in self.rows("gold/ledger")
            if row["kind"] == kind and period in (None, row["period"]) and close in (None, row["settlement_period"])
        }


def _ms(instant: str) -> int:
    return int(dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC).timestamp() * 1000)


def new_house(podledger: Callable[..., Ran], folder: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """October: ana heard a minute of s-1, ben two of s-2, dan one of s-2 by a clock that is an hour ahead."""
    house = House(podledger, folder, monkeypatch)
    (house.landing / "catalog").mkdir(parents=True)
    (house.landing / "finance").mkdir()
    episode = {"creator_id": "c-1", "duration_ms": 600_000}
    catalogue = [{**episode, "episode_id": name, "show_id": show} for name, show in SHOWS.items()]
    (house.landing / "catalog" / "episodes.ndjson").write_text("\n".join(json.dumps(one) for one in catalogue))
    house.heard("ana", "ep-1", "2026-10-05T12:00", 60, "2026-10-05T12:01")
    house.heard("ben", "ep-2", "2026-10-06T12:00", 120, "2026-10-06T12:02")
    house.heard("dan", "ep-2", "2026-10-07T12:00", 60, "2026-10-07T12:00", clock_ahead_s=3600)
    house.heard("eve", "ep-1", "2026-10-08T12:00", 20, "2026-10-08T12:01")
    house.count()
    house.finance(payees=PAYEES, splits=SPLITS, pools=POOLS)
    return house
