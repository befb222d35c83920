"""Landed lines that went a little wrong: fields changed, repeated or gone, other spellings, single bytes flipped."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.records.made import body, envelope, pause, progress

MAX_INT = 2**53 - 1


class Members(list[tuple[str, Any]]):
    """An object as its members, so that a key may repeat."""


def members(value: Any) -> Any:
    if isinstance(value, dict):
        return Members((name, members(item)) for name, item in value.items())
    return [members(item) for item in value] if isinstance(value, list) else value


class Literal(str):
    """A value as it is to be written."""


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2, 249, 250, 5000, 5001, MAX_INT, MAX_INT + 1, -MAX_INT, -MAX_INT - 1, 2**63, -(2**63)]),
    st.sampled_from(["", "ana", "progress", "pause", "x" * 64, "x" * 65, "\u00fc" * 64, "\U0001f399" * 65, "e" * 129]),
    st.sampled_from(
        ["\x00", "\x1f", "\x7f", "\ud800", "\ufeff", "\u2028", "a\nb", "\\", '"', "/", "NaN", "Infinity", "0" * 64]
    ),
    st.sampled_from(["podledger/1", "gpodder/2", "rad/1", "podledger/2"]),
    st.sampled_from([[], {}, [[]], {"a": 1}, [None], [1], {"wall_ms": 5}, {"v": 1, "device_id": "ana"}]),
    st.sampled_from(["1.0", "-0", "0.0", "1e0", "1E400", "9" * 400, "NaN", "-Infinity", "Inf", "01", "tru"]).map(
        Literal
    ),
    st.sampled_from(["[" * 600 + "]" * 600, '{"a":' * 509 + "1" + "}" * 509, "[" * 507 + "]" * 507]).map(Literal),
)
NAMES = ["v", "receipt", "device_id", "records", "sent", "wall_ms", "seq", "id", "boot_id", "mono_ms", "from_ms", "new"]
BYTES = [b"", b" ", b"\t", b"\r", b"\x00", b"\x0c", b"\xef\xbb\xbf", b"\xff", b"{", b"}", b"[", b"]", b",", b'"', b"0"]
BYTES += [b"\\", b"\\/", b'\\"', b"\\u0061", b"\\u001f", b"\\ud83c", b"\\udf99", b"NaN", b"Inf"]
SEPARATORS = [(", ", ": "), (",", ":"), (" ,\t", "\r: ")]


def objects(value: Any) -> list[Members]:
    """Every object in it."""
    if isinstance(value, Members):
        return [value, *(found for _, item in value for found in objects(item))]
    return [found for item in value for found in objects(item)] if isinstance(value, list) else []


def written(value: Any, comma: str, colon: str, ascii_only: bool) -> str:
    if isinstance(value, Members):
        inner = (json.dumps(name) + colon + written(item, comma, colon, ascii_only) for name, item in value)
        return "{" + comma.join(inner) + "}"
    if isinstance(value, list):
        return "[" + comma.join(written(item, comma, colon, ascii_only) for item in value) + "]"
    return value if isinstance(value, Literal) else json.dumps(value, ensure_ascii=ascii_only)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    changed: dict[str, Any] = {"seq": draw(st.integers(1, 9))}
    if draw(st.booleans()):
        changed |= {"boot_id": draw(st.sampled_from(["b", "\u00fc"])), "mono_ms": draw(st.integers(0, 9))}
    return progress(**changed) if draw(st.booleans()) else pause(**changed)


@st.composite
def odd_lines(draw: st.DrawFn) -> bytes:
    """A line with none, one or a few things wrong with it."""
    tree = members(envelope(body(*draw(st.lists(records(), max_size=3)))))
    for _ in range(draw(st.integers(0, 2))):
        change_member(draw, draw(st.sampled_from(objects(tree))))
    comma, colon = draw(st.sampled_from(SEPARATORS))
    text = written(tree, comma, colon, draw(st.booleans())).encode("utf-8", errors="surrogatepass")
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.sampled_from([0, 0, 1, len(text)]))
        text = text[:at] + draw(st.sampled_from(BYTES)) + text[at + cut :]
    return text.replace(b"\n", b"")


def change_member(draw: st.DrawFn, changed: Members) -> None:
    at = draw(st.integers(0, len(changed)))
    value = members(draw(ODD_VALUES))
    if at == len(changed):
        changed.append((draw(st.sampled_from(NAMES + [name for name, _ in changed])), value))
    elif draw(st.booleans()):
        changed[at] = (changed[at][0], value)
    else:
        del changed[at]


BLOCKS = st.lists(odd_lines(), max_size=5)
