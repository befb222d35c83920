"""Requests at a steady rate, whatever the answers take: the time of each is counted from when it was due."""

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

WARM_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """Whole requests as bytes, sent in turn, so many a second over so many connections that stay open."""

    port: int
    requests: Sequence[bytes]
    rate: float
    connections: int


@dataclass(frozen=True, slots=True)
class Answered:
    """How long answers took, in ms and in order of size, and how many were not among the expected statuses."""

    times_ms: Sequence[float]
    seconds: float
    refused: int

    def at(self, share: float) -> float:
        """The time within which that share of the answers came."""
        return self.times_ms[min(len(self.times_ms) - 1, int(len(self.times_ms) * share))]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times_ms) / self.seconds


class Running:
    """A load in a process of its own, for so many seconds."""

    def __init__(self, load: Load, seconds: float, statuses: Sequence[bytes]) -> None:
        """Begins at once; ``statuses`` are those expected."""
        context = multiprocessing.get_context("spawn")
        self._receives, sends = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(load, seconds, statuses, sends))
        self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.join()

    def answered(self) -> Answered:
        """Waits for the end."""
        found: Answered = self._receives.recv()
        return found


def _run(load: Load, seconds: float, statuses: Sequence[bytes], sends: "multiprocessing.connection.Connection") -> None:
    sends.send(asyncio.run(_send(load, seconds, statuses)))


async def _send(load: Load, seconds: float, statuses: Sequence[bytes]) -> Answered:
    times_ms: list[float] = []
    refused = 0
    turns = itertools.count()
    begins = time.perf_counter()

    async def ask() -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
        for turn in turns:
            due = begins + turn / load.rate
            if due > begins + WARM_UP_S + seconds:
                break
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(load.requests[turn % len(load.requests)])
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            for line in head.split(b"\r\n"):
                if line.startswith(b"content-length:") and b" 304 " not in head[:20]:
                    await reader.readexactly(int(line[15:]))
            if due >= begins + WARM_UP_S:
                times_ms.append((time.perf_counter() - due) * 1000)
                refused += head[9:12] not in statuses
        writer.close()

    await asyncio.gather(*(ask() for _ in range(load.connections)))
    return Answered(sorted(times_ms), seconds, refused)
