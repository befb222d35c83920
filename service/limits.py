"""What a request may cost: bodies that are too large or too slow, and clients that ask too often."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import Stop
from service.errors import Problem, problem_response, try_later

DRAINED_BYTES = 16 * 1024 * 1024
DRAINED_S = 2.0
BUCKETS = 100_000


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """The limit of all paths that begin with ``prefix``; None is no limit here: the route sees to it."""

    prefix: str
    most_bytes: int | None
    most_seconds: float | None


class LimitBodies:
    """Middleware that ends a request whose body grows beyond its limit, or takes too long, while it streams."""

    def __init__(self, app: ASGIApp, limits: Sequence[BodyLimit], bodies_bytes: int) -> None:
        """``limits``: the longest prefix that fits holds; the empty prefix fits every path.

        ``bodies_bytes`` is how much all bodies under way may come to, but those whose route sees to them itself.
        """
        self.app = app
        self.room = _Room(bodies_bytes)
        self.limits = sorted(limits, key=lambda limit: len(limit.prefix), reverse=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with a guarded body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = next(limit for limit in self.limits if scope["path"].startswith(limit.prefix))
        guard = _Guard(limit, receive, self.room)
        try:
            guard.check_announced(scope["headers"])
        except Problem as problem:
            await guard.drain()
            await problem_response(problem)(scope, receive, send)
            return
        try:
            await self.app(scope, guard.receive, guard.closing(send))
        finally:
            self.room.taken -= guard.held


@dataclass(slots=True)
class _Room:
    """What all bodies under way hold of memory."""

    most: int
    taken: int = 0


class _Guard:
    def __init__(self, limit: BodyLimit, receive: Receive, room: _Room) -> None:
        self.room = room
        self.held = 0
        self.limit = limit
        self.source = receive
        self.seen = 0
        self.broken = False
        self.deadline = None if limit.most_seconds is None else time.monotonic() + limit.most_seconds
        self.complete = False

    def check_announced(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        announced = dict(headers).get(b"content-length", b"0")
        if self.limit.most_bytes is None or not announced.isdigit():
            return
        if len(announced) > 18 or int(announced) > self.limit.most_bytes:
            self.broken = True
            raise too_large(self.limit.most_bytes)

    async def receive(self) -> Message:
        if self.complete:
            return await self.source()
        message = await self._in_time()
        if message["type"] == "http.request":
            self.seen += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        if self.limit.most_bytes is not None:
            await self._hold(self.limit.most_bytes)
        return message

    async def _hold(self, most_bytes: int) -> None:
        if self.seen > most_bytes:
            await self.drain()
            raise too_large(most_bytes)
        self.room.taken += self.seen - self.held
        self.held = self.seen
        if self.room.taken > self.room.most:
            self.broken = True
            raise try_later("crowded", "too much is being received at once; send it again later")

    async def _in_time(self) -> Message:
        if self.deadline is None:
            return await self.source()
        try:
            return await asyncio.wait_for(self.source(), max(0.001, self.deadline - time.monotonic()))
        except TimeoutError:
            self.broken = True
            seconds = self.limit.most_seconds
            raise Problem(408, "too_slow", f"the body was not here within {seconds:g} s; send it again") from None

    async def drain(self) -> None:
        """Reads on for a moment, so that a client in the middle of sending gets to see the answer."""
        self.broken = True
        end = time.monotonic() + DRAINED_S
        drained = 0
        while not self.complete and drained < DRAINED_BYTES and time.monotonic() < end:
            try:
                message = await asyncio.wait_for(self.source(), max(0.001, end - time.monotonic()))
            except TimeoutError:
                return
            drained += len(message.get("body", b""))
            self.complete = message["type"] == "http.disconnect" or not message.get("more_body", False)

    def closing(self, send: Send) -> Send:
        """Answers to a broken body close the connection: what follows on it cannot be told apart."""

        async def send_closing(message: Message) -> None:
            if self.broken and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        return send_closing


def too_large(most_bytes: int) -> Problem:
    """The answer to a body above its limit."""
    return Problem(413, "too_large", f"the body has more than {most_bytes} bytes; send it in smaller parts")


class Allowance:
    """A bucket a key that holds ``most`` and refills over ``seconds``; keys unused longest are forgotten first."""

    def __init__(self, text: str, clock: Callable[[], float] = time.monotonic) -> None:
        """``text`` is ``<how many>/<seconds>``.

        Raises:
            Stop: it is not.
        """
        most, slash, seconds = text.partition("/")
        if not slash or not most.isdigit() or not seconds.isdigit() or int(seconds) < 1 or int(most) < 1:
            raise Stop(f"an allowance in [limits] is written like 600/60 (so many in so many seconds), not {text!r}")
        self.most, self.seconds, self.clock = float(most), float(seconds), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, cost: float = 1.0) -> None:
        """Takes from the key's bucket.

        Raises:
            Problem: 429 with the seconds after which there is enough again.
        """
        wait_s = self.wait_s(key, cost)
        if wait_s > 0:
            raise try_later("too_many", "too many requests; come back after the seconds in Retry-After", wait_s, 429)
        left, at = self._left(key)
        self._buckets[key] = (left - cost, at)
        self._buckets.move_to_end(key)
        while len(self._buckets) > BUCKETS:
            self._buckets.popitem(last=False)

    def wait_s(self, key: str, cost: float = 1.0) -> float:
        """How long until so much could be taken; 0 is now."""
        left, _ = self._left(key)
        return 0.0 if left >= cost else (cost - left) * self.seconds / self.most

    def _left(self, key: str) -> tuple[float, float]:
        now = self.clock()
        left, at = self._buckets.get(key, (self.most, now))
        return min(self.most, left + (now - at) * self.most / self.seconds), now
