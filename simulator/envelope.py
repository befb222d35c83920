"""Landing lines: a batch in its envelope, and the ways a line can be wrong."""

from collections.abc import Callable
from random import Random

Fragments = dict[str, str]
"""The members of a JSON object, their values as JSON text."""

LINES_PER_BREAKAGE = 60
"""Lines for each broken one, at oddities 1."""

COUNTRIES = (("DE", 1), ("US", -6), ("GB", 0), ("JP", 9), ("BR", -3), ("IN", 5), (None, 1))
"""Country and hours its people are ahead of UTC."""

USER_AGENTS = ("AntennaPod/3.5", "Podledger/1.2 (iPhone; iOS 26.1)", "Hörbär/0.9", None)


def object_text(fragments: Fragments) -> str:
    """The JSON text of an object."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in fragments.items()) + "}"


def text_or_null(value: str | None) -> str:
    """The JSON of a text that needs no escapes, or null."""
    return "null" if value is None else f'"{value}"'


def line_bytes(envelope: Fragments, body: Fragments) -> bytes:
    """One landing line without its line feed."""
    return object_text(envelope | {"body": object_text(body)}).encode()


def _envelope(**changes: str) -> Callable[[Fragments, Fragments], bytes]:
    return lambda envelope, body: line_bytes(envelope | changes, body)


def _body(**changes: str) -> Callable[[Fragments, Fragments], bytes]:
    return lambda envelope, body: line_bytes(envelope, body | changes)


def _text(change: Callable[[bytes], bytes]) -> Callable[[Fragments, Fragments], bytes]:
    return lambda envelope, body: change(line_bytes(envelope, body))


def _whole_body(text: str) -> Callable[[Fragments, Fragments], bytes]:
    return lambda envelope, body: object_text(envelope | {"body": text}).encode()


def _nameless(envelope: Fragments, body: Fragments) -> bytes:
    return line_bytes(envelope | {"device_id": "null"}, body | {"device_id": "null"})


def _without_receipt(envelope: Fragments, body: Fragments) -> bytes:
    kept = {name: value for name, value in envelope.items() if name != "receipt"}
    return line_bytes(kept, body)


BREAKAGES: tuple[tuple[str, str, Callable[[Fragments, Fragments], bytes]], ...] = (
    ("unreadable", "cut", _text(lambda line: line[: len(line) // 2])),
    ("unsupported_version", "envelope of tomorrow", _envelope(v="2")),
    ("wrong_device", "another device", _body(device_id='"someone-else"')),
    ("malformed", "no epoch", _body(log_epoch="null")),
    ("unreadable", "no receipt", _without_receipt),
    ("unsupported_version", "unknown dialect", _envelope(dialect='"podledger/9"')),
    ("malformed", "sent without a clock", _body(sent='{"boot_id":"b"}')),
    ("unreadable", "empty receipt", _envelope(receipt='""')),
    ("unsupported_version", "body of tomorrow", _body(v="2")),
    ("malformed", "records as an object", _body(records="{}")),
    ("unreadable", "received as text", _envelope(received_ms='"1790000000000"')),
    ("unsupported_version", "body as text", _whole_body('"later"')),
    ("malformed", "nobody's device", _nameless),
    ("unreadable", "received after 9999", _envelope(received_ms="253402300800000")),
    ("unreadable", "text after the value", _text(lambda line: line + b" x")),
    ("unreadable", "not a number", _envelope(v="NaN")),
    ("unreadable", "single quotes", _text(lambda line: line.replace(b'"v"', b"'v'", 1))),
    ("unreadable", "not UTF-8", _text(lambda line: line.replace(b'k":"', b'k":"\xff', 1))),
    ("unreadable", "a list", _text(lambda line: b"[" + line + b"]")),
    ("unreadable", "no body", _whole_body("null")),
    ("unreadable", "no dialect", _envelope(dialect="null")),
)
"""(reason, what it is, how it is made) of every breakage, in the order they take turns."""


class BrokenLines:
    """Breaks landing lines, each breakage in its turn."""

    def __init__(self, oddities: float, first_turn: int) -> None:
        self._chance = oddities / LINES_PER_BREAKAGE
        self._turn = first_turn

    def is_due(self, random: Random) -> bool:
        """Whether the next line is a broken one."""
        return random.random() < self._chance

    def break_next(self, envelope: Fragments, body: Fragments) -> tuple[bytes, str]:
        """A broken line and the reason it will be refused for."""
        reason, _, breakage = BREAKAGES[self._turn % len(BREAKAGES)]
        self._turn += 1
        return breakage(envelope, body), reason
