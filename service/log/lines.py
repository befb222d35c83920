"""One landing line: the envelope around a body that stays as it was received (contract section 4)."""

import json
import secrets
from dataclasses import dataclass

from fastapi import Request

from jobs.records.json_text import MAX_DEPTH, read_value
from jobs.records.shape import VERSION
from service.core import core_of, network_of

MOST_AGENT_CHARS = 512


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the service knows of a batch besides its body."""

    receipt: str
    received_ms: int
    network: str | None
    user_agent: str | None


def note_arrival(request: Request) -> Arrival:
    """Names a batch, now. Its receipt is never used again."""
    agent = "".join(one for one in request.headers.get("user-agent", "") if one.isprintable())[:MOST_AGENT_CHARS]
    return Arrival(
        receipt=f"r{secrets.token_hex(16)}",
        received_ms=core_of(request).now_ms(),
        network=network_of(request),
        user_agent=agent or None,
    )


def read_body(body: bytes) -> object:
    """The value of a body that will still be readable inside an envelope.

    Raises:
        Unreadable: it is no JSON text, or nested too deep for that.
    """
    value = read_value(body)
    if body.count(b"{") + body.count(b"[") >= MAX_DEPTH:
        read_value(b"[" + body + b"]")
    return value


def landing_line(arrival: Arrival, dialect: str, device_id: str | None, account_id: str | None, body: bytes) -> bytes:
    """The line, without its line feed. ``body`` is a JSON text: outside its strings a line feed is but white space."""
    head = {
        "v": VERSION,
        "receipt": arrival.receipt,
        "received_ms": arrival.received_ms,
        "dialect": dialect,
        "device_id": device_id,
        "account_id": account_id,
        "network": arrival.network,
        "country": None,
        "user_agent": arrival.user_agent,
    }
    text = json.dumps(head, separators=(",", ":")).encode("ascii")
    return b'%b,"body":%b}' % (text[:-1], body.replace(b"\n", b" "))
