import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.records.json_text import MAX_DEPTH, MAX_INT, OtherNumber, Unreadable, is_blank, read_value, record_texts

NO_JSON = {
    "nothing": b"",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "minus Infinity": b'{"a": -Infinity}',
    "comment": b'{"a": 1 /* one */}',
    "single quotes": b"{'a': 1}",
    "text after the value": b"{} x",
    "two values": b"{} {}",
    "trailing comma": b'{"a": 1,}',
    "leading zero": b'{"a": 01}',
    "plus sign": b'{"a": +1}',
    "no digit after the point": b'{"a": 1.}',
    "no digit before the point": b'{"a": .5}',
    "capital literal": b'{"a": True}',
    "unquoted key": b"{a: 1}",
    "wrong escape": b'{"a": "\\x41"}',
    "cut escape": b'{"a": "\\u00"}',
    "signed escape": b'{"a": "\\u+041"}',
    "raw tab in a string": b'{"a": "\t"}',
    "raw NUL in a string": b'{"a": "\x00"}',
    "raw return in a string": b'{"a": "\r"}',
    "NUL after the value": b"{}\x00",
    "other white space": b"{}\x0c",
    "no-break space": "{}\u00a0".encode(),
    "BOM": b"\xef\xbb\xbf{}",
    "invalid UTF-8": b'{"a": "\xff"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "raw surrogate": b'{"a": "\xed\xa0\x80"}',
    "UTF-16": "{}".encode("utf-16"),
    "cut": b'{"a": [1, 2',
}
READABLE = {
    "white space around": (b" \t\r{} \r", {}),
    "repeated key": (b'{"a": 1, "a": 2}', {"a": 2}),
    "repeated key, once escaped": (b'{"a": 1, "\\u0061": null}', {"a": None}),
    "minus zero": (b"-0", 0),
    "greatest int": (str(MAX_INT).encode(), MAX_INT),
    "least int": (str(-MAX_INT).encode(), -MAX_INT),
    "beyond": (str(MAX_INT + 1).encode(), OtherNumber(str(MAX_INT + 1))),
    "below": (str(-MAX_INT - 1).encode(), OtherNumber(str(-MAX_INT - 1))),
    "thousands of digits": (b"9" * 5000, OtherNumber("9" * 5000)),
    "fraction": (b"1.0", OtherNumber("1.0")),
    "exponent": (b"1e3", OtherNumber("1e3")),
    "huge exponent": (b"1E+999999999", OtherNumber("1E+999999999")),
    "BOM in a string": (b'"\xef\xbb\xbf"', "\ufeff"),
    "DEL in a string": (b'"\x7f"', "\x7f"),
    "escaped NUL": (b'"\\u0000"', "\x00"),
    "pair of surrogates": (b'"\\ud83c\\udf99"', "\U0001f399"),
    "unpaired surrogate": (b'"\\ud800"', "\ud800"),
    "line separator": ('"\u2028"'.encode(), "\u2028"),
}


def nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"[" + b"]" + b"}" * (depth - 1)


def from_deep_down(call: Callable[[], Any], frames: int) -> Any:
    return call() if frames == 0 else from_deep_down(call, frames - 1)


@pytest.mark.parametrize("text", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_unreadable(text: bytes) -> None:
    with pytest.raises(Unreadable):
        read_value(text)


@pytest.mark.parametrize(("text", "value"), READABLE.values(), ids=READABLE)
def test_what_is_json_is_read(text: bytes, value: object) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize("text", [b"1.0", b"9007199254740992", b"1e0"])
def test_a_number_that_is_no_int_equals_none(text: bytes) -> None:
    value: Any = read_value(text)
    assert value not in (1, 1.0, 2**53, "1.0")


def test_depth_is_limited_to_a_level() -> None:
    assert read_value(nested(MAX_DEPTH))
    with pytest.raises(Unreadable, match="nested deeper"):
        read_value(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("text", [b"[" * 1_000_000, b'{"a":' * 200_000, nested(100_000), b"[" * 600 + b'"'])
def test_no_depth_crashes(text: bytes) -> None:
    with pytest.raises(Unreadable):
        read_value(text)


def test_brackets_in_strings_and_side_by_side_are_no_depth() -> None:
    assert read_value(b'["' + b"[" * 5000 + b'\\"[' + b'"]')
    assert read_value(b"[" + b",".join([b"{}"] * 5000) + b"]") == [{}] * 5000


@pytest.mark.parametrize("frames", [0, 300, 600, 800])
def test_the_callers_depth_changes_nothing(frames: int) -> None:
    deepest = b'{"body": {"records": [' + nested(MAX_DEPTH - 3) + b"]}}"
    assert from_deep_down(lambda: read_value(deepest), frames) is not None
    assert from_deep_down(lambda: record_texts(deepest), frames) == [nested(MAX_DEPTH - 3).decode()]


def test_blank_lines_hold_json_white_space_only() -> None:
    assert [is_blank(text) for text in (b"", b" \t\r", b"\x0b", b"\x0c", b"{}", "\u00a0".encode())] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        (b'{"body":{"records":[ {"a" : 1.0},2 ,"x,]" , [ ] ]}}', ['{"a" : 1.0}', "2", '"x,]"', "[ ]"]),
        (b'{"body":{"records":[1]},"body":{"records":[2],"records":[3, 4]}}', ["3", "4"]),
        (b'{"body":{"records":[1]},"\\u0062ody":{"rec\\u006frds":[5]}}', ["5"]),
        (b'{"body":{"records":["\\ud800", "\\u00e9", "\xc3\xa9"]}}', ['"\\ud800"', '"\\u00e9"', '"\u00e9"']),
        (b'{"body":{"records":[%s]}}' % (b"9" * 5000), ["9" * 5000]),
        (b' { "body" : { "records" : [ ] } } ', []),
        (b'{"body":{"records":{}}}', []),
        (b'{"body":{}}', []),
        (b'{"body":[]}', []),
        (b"{}", []),
        (b"[1]", []),
    ],
)
def test_record_texts_are_cut_as_they_were_written(text: bytes, texts: list[str]) -> None:
    assert record_texts(text) == texts


def test_there_are_no_record_texts_in_what_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        record_texts(b'{"body":{"records":[1]}} x')


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.lists(VALUES, max_size=6), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_record_texts_put_together_again_are_the_records(
    records: list[Any], ascii_only: bool, indent: int | str | None
) -> None:
    written = json.dumps({"x": records, "body": {"records": records}}, ensure_ascii=ascii_only, indent=indent)
    assert [json.loads(text) for text in record_texts(written.encode())] == records
