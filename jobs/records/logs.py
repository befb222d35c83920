"""How far each device's log is known, read out plainly from the contract."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from jobs.records.counting import Event


@dataclass(frozen=True, slots=True)
class DeviceLog:
    """One `(device_id, log_epoch)`: missing ranges of 1..`max_seq`, both ends inclusive; seqs with several ids."""

    max_seq: int
    events: int
    missing: list[tuple[int, int]]
    forks: list[int]


def device_logs(events: Iterable[Event]) -> dict[tuple[str, str], DeviceLog]:
    """The logs that these events, one per id, come from."""
    ids_by_log: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for event in events:
        ids_by_log[event.device_id, event.log_epoch][event.record.seq] += 1
    return {log: _device_log(ids_by_seq) for log, ids_by_seq in ids_by_log.items()}


def _device_log(ids_by_seq: dict[int, int]) -> DeviceLog:
    seqs = sorted(ids_by_seq)
    befores = [0, *seqs[:-1]]
    return DeviceLog(
        max_seq=seqs[-1],
        events=sum(ids_by_seq.values()),
        missing=[(before + 1, seq - 1) for before, seq in zip(befores, seqs, strict=True) if seq > before + 1],
        forks=[seq for seq in seqs if ids_by_seq[seq] > 1],
    )
