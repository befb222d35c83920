"""Whether one copy of a record is accepted."""

from collections.abc import Mapping

from jobs.records.identity import record_id
from jobs.records.reasons import Reason
from jobs.records.record import Malformed, Record

END_TOLERANCE_MS = 2_000
"""How far beyond its episode's duration an interval may reach."""


def judge_record(
    record: Record | Malformed, device_id: str, log_epoch: str, catalogue: Mapping[str, int]
) -> Reason | None:
    """The first reason to refuse it; None accepts it. The catalogue gives each episode's duration, in ms."""
    if isinstance(record, Malformed):
        return Reason.MALFORMED
    if record.id != record_id(device_id, log_epoch, record):
        return Reason.HASH_MISMATCH
    duration_ms = catalogue.get(record.episode_id)
    if duration_ms is None:
        return Reason.UNKNOWN_EPISODE
    if not _is_good_interval(record, duration_ms):
        return Reason.BAD_INTERVAL
    return None


def _is_good_interval(record: Record, duration_ms: int) -> bool:
    if record.from_ms is None or record.to_ms is None:
        return True
    return 0 <= record.from_ms < record.to_ms <= duration_ms + END_TOLERANCE_MS
