"""Lines that DuckDB's lenient JSON reader would misread, read strictly, one by one, in plain Python."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

MOST_INTEGER = 2**53 - 1
STRINGS = ("id", "session_id", "type", "episode_id", "boot_id")
INTEGERS = ("seq", "session_wall_ms", "wall_ms", "mono_ms", "from_ms", "to_ms", "rate_milli", "offline")
UNFIT = re.compile("[\x00-\x1f\ud800-\udfff]")

# Text that may hold a value of the wrong type, an escaped control character or surrogate, or no JSON at all:
# a superset, found by one regular expression a line.
ODD = (
    r'"(v|received_ms|seq|session_wall_ms|wall_ms|mono_ms|from_ms|to_ms|rate_milli|offline)"'
    r'[ \t\r]*:[ \t\r]*(["tfNIi\[{]|-?[0-9]+[.eE]|-?[0-9]{16})'
    r'|"(receipt|dialect|device_id|account_id|log_epoch|id|session_id|type|episode_id|boot_id)"'
    r'[ \t\r]*:[ \t\r]*[^"n \t\r]'
    r'|"body"[ \t\r]*:[ \t\r]*[^{ \t\r]|"records"[ \t\r]*:[ \t\r]*[^\[ \t\r]'
    r"|[:\[,][ \t\r]*(-|[nN][aA]|-?[iI][nN])[a-zA-Z]|,[ \t\r]*[}\]]"
    r"|\\(u00[01]|u[dD][89a-fA-F]|[bfnrt])"
)

# What other readers let pass besides: text that does not begin or end as an object does, or goes on after one.
LENIENT = r"^[ \t\r]*[^{ \t\r]|[^} \t\r][ \t\r]*$|\}[ \t\r]*[^,}\] \t\r]"


def read_line(raw: bytes, line_no: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The envelope of a line and its records, values of a wrong type as None and so marked."""
    try:
        line = json.loads(raw.decode(), parse_constant=_no_constant)
    except ValueError:
        line = None
    line = _object(line)
    body = line.get("body")
    inner = _object(body)
    sent = _object(inner.get("sent"))
    records = inner.get("records")
    envelope = {
        "line_no": line_no,
        "line_key": sha256(raw).hexdigest(),
        "v": _integer(line.get("v")),
        **{name: _string(line.get(name)) for name in ("receipt", "dialect", "device_id", "account_id")},
        **{name: _string(line.get(name)) for name in ("network", "country", "user_agent")},
        "received_ms": _integer(line.get("received_ms")),
        "has_body": body is not None,
        "body_v": _integer(inner.get("v")),
        "same_device": inner.get("device_id") == line.get("device_id"),
        "log_epoch": _string(inner.get("log_epoch")),
        "sent_wall_ms": _integer(sent.get("wall_ms")),
        "sent_boot_id": _string(sent.get("boot_id")),
        "sent_mono_ms": _integer(sent.get("mono_ms")),
        "has_records": isinstance(records, list),
        "raw": raw.decode(errors="replace"),
    }
    return envelope, list(_records(line_no, records if isinstance(records, list) else []))


def _records(line_no: int, records: list[Any]) -> Iterator[dict[str, Any]]:
    for position, record in enumerate(records):
        fields = _object(record)
        typed: dict[str, object] = {name: _string(fields.get(name)) for name in STRINGS}
        typed |= {name: _integer(fields.get(name)) for name in INTEGERS}
        well_typed = all(fields.get(name) is None or typed[name] is not None for name in typed)
        raw = None if well_typed and fields else json.dumps(record)
        yield {"line_no": line_no, "position": position, "well_typed": well_typed, "raw": raw, **typed}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _no_constant(text: str) -> None:
    raise ValueError(text)


def _integer(value: object) -> int | None:
    return value if type(value) is int and abs(value) <= MOST_INTEGER else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value and not UNFIT.search(value) else None
