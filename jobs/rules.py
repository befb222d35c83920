"""Dated rules of counting, read once from conf/counting.toml."""

import datetime as dt
import tomllib
from collections.abc import Sequence
from pathlib import Path

from jobs.errors import Stop
from jobs.transforms.rules import CountingRules, Dated


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
