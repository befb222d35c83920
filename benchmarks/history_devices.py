"""A fixed population of devices whose logs grow day by day; any stretch of a log can be written again later."""

import datetime as dt
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
FIRST_DAY = dt.date(2025, 10, 1)
"""Day 1."""

FIRST_EPISODES, EPISODES_A_WEEK = 1_500, 20
NEWEST_HEARD = 400
"""Sessions play one of this many newest episodes, the newer the rather."""
DURATIONS_MS = (15 * 60_000, 30 * 60_000, 45 * 60_000, 60 * 60_000, 120 * 60_000)
RATES = (1_000, 1_000, 1_000, 1_250, 1_500, 2_000)
PROGRESS_MS = 30_000
DAYS_OF_A_BOOT = 10
BROKEN = 0.001
"""Share of records that are refused."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The records that one device wrote on one day: `count` of them from `first_seq` on."""

    day: int
    first_seq: int
    count: int


@dataclass(slots=True)
class Device:
    """One device: who it is, how wrong its clock is, and what it has not sent yet."""

    number: int
    device_id: str
    log_epoch: str
    account_id: str | None
    skew_ms: int
    has_boots: bool
    is_bot: bool
    next_seq: int = 1
    away_until: int = -1_000
    waiting: list[Chunk] = field(default_factory=list)
    sent: list[Chunk] = field(default_factory=list)

    def boot(self, day: int) -> tuple[str, int]:
        """The boot of a day: its id, and when it began."""
        first = (day + self.number) // DAYS_OF_A_BOOT * DAYS_OF_A_BOOT - self.number
        return f"b{self.number}-{first}", midnight_ms(first) - HOUR_MS


def midnight_ms(day: int) -> int:
    """When a day begins, Unix ms."""
    return ((FIRST_DAY - dt.date(1970, 1, 1)).days + day - 1) * DAY_MS


def episodes_until(day: int) -> int:
    """How many episodes are published by a day: some more every week."""
    return FIRST_EPISODES + max(0, day - 1) // 7 * EPISODES_A_WEEK


def duration_ms(episode: int) -> int:
    """How long an episode is."""
    return DURATIONS_MS[episode % len(DURATIONS_MS)] + episode * 7


def population(random: Random, devices: int) -> list[Device]:
    """Devices; of a thousand ten are clones of others, one is a bot, and some have a wrong clock or no boots."""
    made: list[Device] = []
    for number in range(devices):
        clone_of = made[number - 1] if number % 100 == 50 else None
        made.append(
            Device(
                number,
                clone_of.device_id if clone_of else f"d{number:05d}-{random.getrandbits(64):016x}",
                clone_of.log_epoch if clone_of else f"e{random.getrandbits(28):07x}",
                f"a{number // 2:05d}" if random.random() < 0.6 else None,
                random.choice((-1, 1)) * random.randrange(HOUR_MS, 50 * HOUR_MS) if random.random() < 0.02 else 0,
                random.random() >= 0.05,
                number % 1_000 == 7,
            )
        )
    return made


def write_day(seed: int, device: Device, day: int) -> Chunk:
    """Let a device listen on a day; the chunk that its log grew by."""
    texts = texts_of(seed, device, Chunk(day, device.next_seq, 0))
    chunk = Chunk(day, device.next_seq, len(texts))
    device.next_seq += len(texts)
    return chunk


def texts_of(seed: int, device: Device, chunk: Chunk) -> list[str]:
    """The JSON of a chunk's records, the same however often it is asked for."""
    random = Random(f"{seed}/{device.number}/{chunk.day}")
    texts: list[str] = []
    for session in range(1 if random.random() < 0.7 else 2):
        began_ms = midnight_ms(chunk.day) + (5 + 8 * session) * HOUR_MS + random.randrange(7 * HOUR_MS)
        texts += _session(random, device, chunk.day, chunk.first_seq + len(texts), began_ms)
    return texts


def _session(random: Random, device: Device, day: int, seq: int, began_ms: int) -> list[str]:
    newest = episodes_until(day)
    episode = newest - 1 - int(NEWEST_HEARD ** random.random())
    length_ms, rate = duration_ms(episode), random.choice(RATES)
    boot_id, booted_ms = device.boot(day)
    session_wall_ms = began_ms + device.skew_ms
    session = f'"session_id":"s{random.getrandbits(64):016x}","session_wall_ms":{session_wall_ms}'
    head = f"podledger/1\n{device.device_id}\n{device.log_epoch}\n"
    middle = session.replace('"session_id":"', "").replace('","session_wall_ms":', "\n")
    offline = 1 if random.random() < 0.3 else 0
    texts: list[str] = []

    def write(kind: str, at_ms: int, span: tuple[int, int] | None) -> None:
        wall_ms, number, mono_ms = at_ms + device.skew_ms, seq + len(texts), at_ms - booted_ms
        clock = f"{boot_id}\n{mono_ms}" if device.has_boots else "\n"
        heard = f"{span[0]}\n{span[1]}\n{rate}" if span else "\n\n"
        content = f"{head}{number}\n{middle}\n{kind}\nep-{episode:05d}\n{wall_ms}\n{clock}\n{heard}\n{offline}"
        record_id = sha256(content.encode()).hexdigest()
        if random.random() < BROKEN:
            record_id = record_id[::-1]
        boots = f'"boot_id":"{boot_id}","mono_ms":{mono_ms},' if device.has_boots else ""
        spans = f'"from_ms":{span[0]},"to_ms":{span[1]},"rate_milli":{rate},' if span else ""
        texts.append(
            f'{{"id":"{record_id}","seq":{number},{session},"type":"{kind}","episode_id":"ep-{episode:05d}",'
            f'"wall_ms":{wall_ms},{boots}{spans}"offline":{offline}}}'
        )

    write("play", began_ms, None)
    at_ms = began_ms
    from_ms = random.choice((0, 0, random.randrange(length_ms // 2)))
    step_ms = length_ms // 2 if device.is_bot else PROGRESS_MS * rate // 1_000
    for _ in range(120 if device.is_bot else random.randrange(4, 55)):
        to_ms = min(from_ms + step_ms, length_ms)
        at_ms += PROGRESS_MS
        write("progress", at_ms, (from_ms, to_ms))
        from_ms = 0 if to_ms == length_ms else to_ms
        if random.random() < 0.03:
            from_ms = random.randrange(length_ms - 1_000)
    write("pause", at_ms + 500, None)
    return texts
