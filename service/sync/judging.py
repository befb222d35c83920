"""What is answered for each record: by the jobs' own rules, and by what the service knows."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from jobs.records.judge import judge_record
from jobs.records.reasons import Reason
from jobs.records.record import MAX_NAME_CHARS, is_string, read_record

STORED = "stored"
DUPLICATE = "duplicate"
REJECTED = "rejected:"
_BY_CATALOGUE = {REJECTED + reason.value for reason in (Reason.UNKNOWN_EPISODE, Reason.BAD_INTERVAL)}


class KnownIds:
    """The ids of records that were made durable lately; those least recently seen are forgotten first."""

    def __init__(self, most: int) -> None:
        """``most`` ids are remembered."""
        self._most = most
        self._ids: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, record_id: str) -> bool:
        return bytes.fromhex(record_id) in self._ids

    def add(self, record_ids: Iterable[str]) -> None:
        """Remembers these. Call it when they are durable, never before."""
        for record_id in record_ids:
            key = bytes.fromhex(record_id)
            self._ids[key] = None
            self._ids.move_to_end(key)
        while len(self._ids) > self._most:
            self._ids.popitem(last=False)


def judge_records(
    records: list[Any], device_id: str, log_epoch: str, catalogue: Mapping[str, int], known: KnownIds
) -> dict[str, str]:
    """The result of each record by its id; one without an id that could be named is ``#<position>``, from 0.

    Of several copies under one id an accepted one is what is answered.
    """
    results: dict[str, str] = {}
    for position, value in enumerate(records):
        reason = judge_record(read_record(value), device_id, log_epoch, catalogue)
        name = value.get("id") if isinstance(value, dict) else None
        key = str(name) if is_string(name, MAX_NAME_CHARS) else f"#{position}"
        if reason is None:
            results[key] = DUPLICATE if key in known else STORED
        else:
            results.setdefault(key, REJECTED + reason.value)
    return results


def depends_on_catalogue(results: Mapping[str, str]) -> bool:
    """Whether another catalogue might have answered otherwise."""
    return bool(_BY_CATALOGUE & set(results.values()))


def accepted_ids(results: Mapping[str, str]) -> list[str]:
    """The ids among the results that were not rejected."""
    return [key for key, result in results.items() if not result.startswith(REJECTED)]
