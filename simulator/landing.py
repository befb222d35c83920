"""The landing folder: hour files spread to disk in bounded memory, then put together."""

import gzip
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random

from simulator.plan import Plan
from simulator.units import HOUR_MS, MINUTE_MS, day_text

MOST_BUFFERED_BYTES = 16 * 1024 * 1024
MOST_FILE_BYTES = 64 * 1024 * 1024
"""A file that reached this is followed by another part of the same hour."""

GZIP_LEVEL = 1
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
HOURS_PER_BYTE_ORDER_MARK = 50


def gzip_member(data: bytes | bytearray) -> bytes:
    """One gzip member without a time stamp; members one after the other are one stream."""
    return gzip.compress(data, GZIP_LEVEL, mtime=0)


class HourFiles:
    """Lines of one part, by the UTC hour in which they are sealed."""

    def __init__(self, folder: Path, most_buffered_bytes: int = MOST_BUFFERED_BYTES) -> None:
        self._folder = folder
        self._most_buffered_bytes = most_buffered_bytes
        self._buffers: defaultdict[int, bytearray] = defaultdict(bytearray)
        self._buffered_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, received_ms: int, line: bytes) -> None:
        """Put a line into the file of the hour it is sealed in: at the next full minute."""
        sealed_ms = received_ms - received_ms % MINUTE_MS + MINUTE_MS
        buffer = self._buffers[sealed_ms // HOUR_MS]
        buffer += line
        buffer += b"\n"
        self._buffered_bytes += len(line) + 1
        if self._buffered_bytes >= self._most_buffered_bytes:
            self.flush()

    def flush(self) -> None:
        """Write all that is buffered, one gzip member an hour."""
        for hour, buffer in self._buffers.items():
            with (self._folder / f"{hour}.gz").open("ab") as file:
                file.write(gzip_member(buffer))
        self._buffers.clear()
        self._buffered_bytes = 0


def assemble(plan: Plan, parts: list[Path], sync: Path) -> Iterator[Path]:
    """Join the hours of all parts into landed files; yields each file once it is whole."""
    hours = sorted({int(file.stem) for part in parts for file in part.glob("*.gz")})
    for hour in hours:
        members = [part / f"{hour}.gz" for part in parts]
        yield from _assemble_hour(plan, hour, [path for path in members if path.exists()], sync)


def _assemble_hour(plan: Plan, hour: int, members: list[Path], sync: Path) -> Iterator[Path]:
    folder = _hour_folder(sync, hour)
    folder.mkdir(parents=True, exist_ok=True)
    stamp = f"{day_text(hour * HOUR_MS).replace('-', '')}T{hour % 24:02d}"
    number = 0
    while members:
        path = folder / f"sim-{plan.seed}-{stamp}-{number:03d}.ndjson.gz"
        with path.open("wb") as out:
            if plan.oddities and number == 0 and hour % HOURS_PER_BYTE_ORDER_MARK == 0:
                out.write(gzip_member(BYTE_ORDER_MARK))
            while members and out.tell() < MOST_FILE_BYTES:
                with members.pop(0).open("rb") as member:
                    shutil.copyfileobj(member, out, 1 << 20)
        number += 1
        yield path


def _hour_folder(sync: Path, hour: int) -> Path:
    return sync / day_text(hour * HOUR_MS) / f"{hour % 24:02d}"


def duplicate_files(plan: Plan, files: list[Path]) -> list[Path]:
    """Land some files once more, whole, under another name and a later hour."""
    random = Random(f"{plan.seed}/duplicate-files")
    copies = []
    for index in range(plan.duplicate_files):
        source = random.choice(files)
        hour = int(source.parent.name)
        folder = source.parent.with_name(f"{min(23, hour + random.randint(0, 3)):02d}")
        folder.mkdir(exist_ok=True)
        copies.append(folder / f"again-{plan.seed}-{index:03d}.ndjson.gz")
        shutil.copyfile(source, copies[-1])
    return copies


def damaged_files(plan: Plan, files: list[Path]) -> list[Path]:
    """Land a copy of some files cut short, as a full disk would; their whole twins stay."""
    random = Random(f"{plan.seed}/damaged-files")
    damaged = []
    for index in range(plan.damaged_files):
        source = random.choice(files)
        whole = source.read_bytes()
        damaged.append(source.with_name(f"damaged-{plan.seed}-{index:03d}.ndjson.gz"))
        damaged[-1].write_bytes(whole[: max(1, len(whole) // 2)])
    return damaged
