"""What simulated devices wrote and what their people truly heard, to be sent through a real service."""

import datetime as dt
import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from jobs.records.record import FIELDS, Record
from simulator.plan import make_plan
from simulator.simulation import simulate


@dataclass(slots=True, repr=False)
class DevicePlan:
    """The log of one device, and the account it belongs to, if any, by the simulator's names."""

    device_id: str
    log_epoch: str
    account_id: str | None
    records: list[Record] = field(default_factory=list)


@dataclass(frozen=True, slots=True, repr=False)
class Simulation:
    """A catalogue, what each device wrote, and the truth: rows of listens and of device logs."""

    catalogue: bytes
    devices: list[DevicePlan]
    listens: list[dict[str, Any]]
    logs: list[dict[str, Any]]


def simulation(folder: Path, devices: int, days: int, seed: int) -> Simulation:
    """So many devices, which did nothing wrong, over so many days until the day before yesterday.

    What goes wrong is left to those who send it.
    """
    start = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days + 2)
    busy = partial(make_plan, oddities=0.0, records=devices * days * 110)
    simulate(busy(seed=seed, days=days, start=start, devices=devices), folder, 1, lambda *_: None)
    return Simulation(
        (folder / "landing" / "catalog" / "episodes.ndjson").read_bytes(),
        _device_plans(folder / "landing"),
        _rows(folder / "truth" / "listens.ndjson"),
        _rows(folder / "truth" / "logs.ndjson"),
    )


def _device_plans(landing: Path) -> list[DevicePlan]:
    plans: dict[str, DevicePlan] = {}
    for file in sorted(landing.glob("sync/*/*/*.ndjson.gz")):
        for line in map(json.loads, gzip.decompress(file.read_bytes()).splitlines()):
            device_id, body = line["device_id"], line["body"]
            plan = plans.setdefault(device_id, DevicePlan(device_id, body["log_epoch"], line["account_id"]))
            plan.records += (Record(**{name: record.get(name) for name in FIELDS}) for record in body["records"])
    for plan in plans.values():
        plan.records.sort(key=lambda record: record.seq)
        copies = Counter(record.id for record in plan.records)
        assert max(copies.values()) == 1, "a simulation in which nothing goes wrong sends nothing twice"
    return list(plans.values())


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
