"""Dated rules of counting, read once from conf/counting.toml."""

import datetime as dt
import itertools
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from jobs.errors import Stop
from jobs.transforms.rules import CountingRules, Dated, DatedNames

PRODUCT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""How a product may be called in a user agent."""


def read_rules(path: Path) -> CountingRules:
    """The rules of that file.

    Raises:
        Stop: it is no TOML, lacks a rule, or a rule does not hold from the first day on.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        return CountingRules(
            min_heard_ms=_dated(entries["min_heard"], "heard_ms"),
            completed_percent=_dated(entries["completed"], "percent"),
            impossible_day_ms=_dated(entries["impossible_day"], "played_ms"),
            bot_agents=_lists(entries.get("bot_agent", []), "products"),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise Stop(f"{path}: cannot read the counting rules: {error!r}; mend the file") from error


def _dated(entries: Sequence[dict[str, object]], name: str) -> tuple[Dated, ...]:
    values = []
    for entry in entries:
        since, value = entry["from"], entry[name]
        if not isinstance(since, dt.date) or not isinstance(value, int):
            raise ValueError(f"{name}: {entry}")
        values.append(Dated(since, value))
    values.sort(key=lambda dated: dated.since)
    if not values or values[0].since != dt.date.min:
        raise ValueError(f"{name}: the first value must hold from 0001-01-01 on")
    return tuple(values)


def _lists(entries: Sequence[dict[str, object]], name: str) -> tuple[DatedNames, ...]:
    lists = []
    for entry in entries:
        since, names = entry["from"], entry[name]
        if not isinstance(since, dt.date) or not isinstance(names, list) or not names:
            raise ValueError(f"{name}: {entry}")
        for one in names:
            if not isinstance(one, str) or not PRODUCT.fullmatch(one):
                raise ValueError(f"{name}: {one!r} is no product; write it as it stands before the / and its version")
        lists.append(DatedNames(since, tuple(names)))
    lists.sort(key=lambda dated: dated.since)
    for early, later in itertools.pairwise(lists):
        if early.since == later.since:
            raise ValueError(f"{name}: two lists from {early.since} on")
    return tuple(lists)
