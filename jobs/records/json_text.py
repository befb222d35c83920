"""One line of bytes as JSON, to the letter of RFC 8259, and the source text of its parts.

Of a repeated key the last value holds. A string may hold unpaired surrogates here (they can be escaped in valid JSON);
whether it is a string by the contract is for `jobs.records.shape` to say.
"""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from json.decoder import JSONDecodeError
from typing import NoReturn, TypeVar

Result = TypeVar("Result")

MAX_DEPTH = 512
"""Deepest nesting of arrays and objects that is read: a line nested deeper is unreadable, as RFC 8259 allows."""

MAX_INT = 2**53 - 1
"""Greatest absolute value of an int."""

WHITE_SPACE = b" \t\n\r"

_MOST_DIGITS = len(f"-{MAX_INT}")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = re.compile(r"[^][{}]+")
_SPACES = re.compile(r"[ \t\n\r]*")


class Unreadable(ValueError):
    """The bytes are no JSON text in valid UTF-8, or nested deeper than `MAX_DEPTH`."""


@dataclass(frozen=True, slots=True)
class OtherNumber:
    """A JSON number that is no int: with a fraction or an exponent, or beyond `MAX_INT`. Equal where the text is."""

    text: str


def is_blank(line: bytes) -> bool:
    """Whether a line is empty or JSON white space only, and so no line at all."""
    return not line.strip(WHITE_SPACE)


def read_value(line: bytes) -> object:
    """The value of a JSON text: dict, list, str, int, `OtherNumber`, bool or None.

    Raises:
        Unreadable: it is not valid UTF-8, not exactly one RFC 8259 value, or nested deeper than `MAX_DEPTH`.
    """
    try:
        text = line.decode("utf-8")
        if _may_be_too_deep(text):
            raise Unreadable(f"nested deeper than {MAX_DEPTH} levels")
        return _with_room(lambda: _DECODER.decode(text))
    except (UnicodeDecodeError, JSONDecodeError) as error:
        raise Unreadable(str(error)) from error


def record_texts(line: bytes) -> list[str]:
    """The source text of each element of `body.records`, in order; empty where a readable line has no such array.

    Escapes stay as they were written, so every text is valid UTF-8. Of repeated keys the last one is followed.

    Raises:
        Unreadable: as for `read_value`.
    """
    read_value(line)
    return texts_of_readable(line)


def texts_of_readable(line: bytes) -> list[str]:
    """The same of a line that is known to be readable, which is not made sure of again."""
    text = line.decode("utf-8")
    return _with_room(lambda: _elements(text, _member(text, "records", _member(text, "body", _after_spaces(text, 0)))))


def member_text(text: str, name: str) -> str:
    """The source text of the last member of that name in the text of a readable object that has one."""
    return _with_room(lambda: _value_at(text, _member(text, name, _after_spaces(text, 0))))


def element_texts(text: str) -> list[str]:
    """The source texts of the elements of a readable array, in order."""
    return _with_room(lambda: _elements(text, _after_spaces(text, 0)))


def _value_at(text: str, at: int | None) -> str:
    return "" if at is None else text[at : _SKIPPER.raw_decode(text, at)[1]]


def _other_or_int(digits: str) -> int | OtherNumber:
    if len(digits) <= _MOST_DIGITS and -MAX_INT <= (value := int(digits)) <= MAX_INT:
        return value
    return OtherNumber(digits)


def _no_constant(name: str) -> NoReturn:
    raise JSONDecodeError(f"{name} is no JSON value", name, 0)


# Finds where values end, several times faster: what their numbers are does not matter, however long.
_SKIPPER = json.JSONDecoder(parse_int=float, parse_float=float)
_DECODER = json.JSONDecoder(parse_int=_other_or_int, parse_float=OtherNumber, parse_constant=_no_constant)


def _may_be_too_deep(text: str) -> bool:
    """Whether reading would go deeper than allowed. Up to its first mistake, a wrong text is measured as it is read."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _NOT_BRACKETS.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _with_room(read: Callable[[], Result]) -> Result:
    """What `read` gives, whatever the caller's depth: a thread starts with the whole of Python's recursion limit."""
    try:
        return read()
    except RecursionError:
        with ThreadPoolExecutor(max_workers=1) as fresh:
            return fresh.submit(read).result()


def _after_spaces(text: str, at: int) -> int:
    return _SPACES.match(text, at).end()  # type: ignore[union-attr]  # it matches everywhere


def _member(text: str, name: str, at: int | None) -> int | None:
    """Where the value of the last member of that name begins in the object at `at`; None without one."""
    if at is None or text[at] != "{":
        return None
    found = None
    at = _after_spaces(text, at + 1)
    while text[at] != "}":
        key, at = _SKIPPER.raw_decode(text, at)
        value_at = _after_spaces(text, _after_spaces(text, at) + 1)
        if key == name:
            found = value_at
        at = _after_comma(text, _SKIPPER.raw_decode(text, value_at)[1])
    return found


def _elements(text: str, at: int | None) -> list[str]:
    """The texts of the elements of the array at `at`; none where there is no array."""
    if at is None or text[at] != "[":
        return []
    found = []
    at = _after_spaces(text, at + 1)
    while text[at] != "]":
        end = _SKIPPER.raw_decode(text, at)[1]
        found.append(text[at:end])
        at = _after_comma(text, end)
    return found


def _after_comma(text: str, at: int) -> int:
    """Where the next member or element begins after the one that ends at `at`, or the bracket that closes them."""
    at = _after_spaces(text, at)
    return _after_spaces(text, at + 1) if text[at] == "," else at
