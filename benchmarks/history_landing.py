"""Days of a small platform, landed one after the other: a fast writer for long histories, the same by its seed.

Every day lands about as many records as the one before, the first included: devices that were away when the
history begins come back during it. What a day brings is the same mix all along; only what lies behind it grows.
"""

import datetime as dt
import gzip
import json
from collections import deque
from pathlib import Path
from random import Random

from benchmarks.history_devices import (
    DAY_MS,
    FIRST_DAY,
    HOUR_MS,
    Chunk,
    Device,
    duration_ms,
    episodes_until,
    midnight_ms,
    population,
    texts_of,
    write_day,
)

RECORDS_OF_A_DEVICE = 40.3
"""Mean of a device on a day it listens."""
COPIES = 0.25
"""Copies for each record that is new: a fifth of what lands."""
OLD_COPIES = 0.15
"""Share of the copies that are of any age; the others come within three days."""
OLD_COPY_MOST = 60
GOES_AWAY = 0.23
"""How often a device that listens goes away for days: three in ten records come late for it."""
AWAY_MOST_DAYS = 90
DAYS_BEFORE = 2 * AWAY_MOST_DAYS
BATCH = 500
DAYS_SOON = 3
COUNTRIES = ("DE", "US", "GB", "JP", "BR", None)


def away_days(random: Random) -> int:
    """For how many days a device is away: mostly a few, seldom up to 90."""
    return int(min(random.paretovariate(0.95), AWAY_MOST_DAYS * random.random() + 1))


class History:
    """Writes day after day into a landing folder."""

    def __init__(self, landing: Path, seed: int = 1, records: int = 20_000, devices: int = 3_000) -> None:
        """Begin a history; `records` land a day, copies included."""
        self.landing, self.day, self.landed = landing, 0, 0
        self._seed, self._random = seed, Random(seed)
        self._listeners = round(records / (1 + COPIES) / RECORDS_OF_A_DEVICE)
        self._devices = population(self._random, devices)
        self._soon: deque[list[tuple[Device, int, list[str]]]] = deque(maxlen=DAYS_SOON)
        self._lines: list[tuple[int, bytes]] = []
        for day in range(1 - DAYS_BEFORE, 1):
            self._listen(day)
            for device in self._devices:  # what came in before the first day is no part of this history
                if device.away_until <= day and device.waiting:
                    device.waiting, device.next_seq = [], 1

    def land_day(self, *, is_there: bool = False) -> int:
        """Write the files of the next day; how many records they hold. ``is_there`` leaves them as they are."""
        self.day += 1
        if (self.day - 1) % 7 == 0 and not is_there:
            self._write_catalogue()
        self._listen(self.day)
        self._lines, self.landed = [], 0
        self._soon.append([])
        fresh = 0
        for device in self._devices:
            if device.away_until <= self.day and device.waiting:
                fresh += self._deliver(device)
        self._copy(round(fresh * COPIES))
        if not is_there:
            self._write_files()
        return self.landed

    def _listen(self, day: int) -> None:
        """Some devices listen; some go away, with what they heard, and send it when they are back."""
        for device in self._random.sample(self._devices, self._listeners):
            device.waiting.append(write_day(self._seed, device, day))
            if device.away_until <= day and self._random.random() < GOES_AWAY:
                device.away_until = day + away_days(self._random)

    def _deliver(self, device: Device) -> int:
        texts = [text for chunk in device.waiting for text in texts_of(self._seed, device, chunk)]
        device.sent += device.waiting
        device.waiting = []
        received_ms = midnight_ms(self.day) + 21 * HOUR_MS + self._random.randrange(2 * HOUR_MS)
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            self._soon[-1].append((device, received_ms, batch))
            self._land(device, received_ms, batch)
            received_ms += 700
        return len(texts)

    def _copy(self, copies: int) -> None:
        """Land records again: whole batches whose answer got lost, and stretches of old logs."""
        old = round(copies * OLD_COPIES)
        soon, end_ms = copies - old, midnight_ms(self.day + 1) - 1_000
        while soon > 0:
            device, received_ms, batch = self._random.choice(self._random.choice(self._soon))
            is_late_to_seal = self._random.random() < 0.01  # received before the copy that landed first
            copied_ms = received_ms - 5_000 if is_late_to_seal else min(end_ms, received_ms + 60_000)
            copied_ms = max(copied_ms, midnight_ms(self.day)) if not is_late_to_seal else copied_ms
            self._land(device, copied_ms, batch)
            soon -= len(batch)
        while old > 0:
            device = self._random.choice(self._devices)
            if not device.sent:
                continue
            chunk: Chunk = self._random.choice(device.sent)
            texts = texts_of(self._seed, device, chunk)
            first = self._random.randrange(len(texts))
            stretch = texts[first : first + OLD_COPY_MOST]
            self._land(device, end_ms - self._random.randrange(HOUR_MS), stretch)
            old -= len(stretch)

    def _land(self, device: Device, received_ms: int, texts: list[str]) -> None:
        boot_id, booted_ms = device.boot((received_ms - midnight_ms(1)) // DAY_MS + 1)
        sent_ms = received_ms - 200
        boots = f',"boot_id":"{boot_id}","mono_ms":{sent_ms - booted_ms}' if device.has_boots else ""
        account = "null" if device.account_id is None else f'"{device.account_id}"'
        line = (
            f'{{"v":1,"receipt":"r{self._random.getrandbits(96):024x}","received_ms":{received_ms},'
            f'"dialect":"podledger/1","device_id":"{device.device_id}","account_id":{account},'
            f'"network":"n{device.number % 977:03d}","country":{json.dumps(COUNTRIES[device.number % 6])},'
            f'"user_agent":"Podledger/1.2","body":{{"v":1,"device_id":"{device.device_id}",'
            f'"log_epoch":"{device.log_epoch}","sent":{{"wall_ms":{sent_ms + device.skew_ms}{boots}}},'
            f'"records":[{",".join(texts)}]}}}}\n'
        )
        self._lines.append((received_ms, line.encode()))
        self.landed += len(texts)

    def _write_files(self) -> None:
        """One file an hour of the day; what was received earlier is sealed with the first hour."""
        hours: dict[int, list[bytes]] = {}
        for received_ms, line in sorted(self._lines):
            hours.setdefault(max(0, (received_ms - midnight_ms(self.day)) // HOUR_MS), []).append(line)
        date = FIRST_DAY + dt.timedelta(days=self.day - 1)
        for hour, lines in hours.items():
            folder = self.landing / "sync" / f"{date}" / f"{hour:02d}"
            folder.mkdir(parents=True, exist_ok=True)
            _seal(folder / "sealed.ndjson.gz", gzip.compress(b"".join(lines), 4, mtime=0))

    def _write_catalogue(self) -> None:
        rows = [
            {
                "episode_id": f"ep-{number:05d}", "show_id": f"show-{number % 60}", "creator_id": f"c-{number % 25}",
                "title": f"Episode {number}", "show_title": f"Show {number % 60}", "duration_ms": duration_ms(number),
                "published_ms": midnight_ms(1), "media_path": f"media/{number}.mp3",
                "media_bytes": duration_ms(number) * 16, "header_bytes": 1_000,
            }
            for number in range(episodes_until(self.day))
        ]  # fmt: skip
        folder = self.landing / "catalog"
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / ".episodes.new"
        fresh.write_text("".join(json.dumps(row) + "\n" for row in rows))
        fresh.rename(folder / "episodes.ndjson")


def _seal(path: Path, content: bytes) -> None:
    """Writes a file whole; one that says the same already stays, as it may have been read."""
    if not path.exists() or path.read_bytes() != content:
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(content)
        fresh.rename(path)
