"""The fast pass and the exact one agree, row for row; and the fast one is taken where it should be."""

from collections.abc import Iterable
from hashlib import sha256
from itertools import chain
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from jobs.lake import lines as lines_module
from jobs.lake.line_columns import JUDGED, ROWS
from jobs.lake.lines import exact_rows, read_lines
from jobs.records.json_text import MAX_DEPTH
from tests.records.landings import EDGES, WEEK, landed
from tests.records.made import ABSENT, body, envelope, line, pause, progress, text_of
from tests.records.mutations import BLOCKS

GOOD = line(progress(), pause(seq=2), progress(seq=3, boot_id="b", mono_ms=5))


def rows(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    batches = list(read_lines(lines))
    assert all(batch.schema.equals(ROWS) for batch in batches)
    for batch in batches:
        batch.validate(full=True)
    return list(chain.from_iterable(batch.to_pylist() for batch in batches))


def row(text: bytes) -> dict[str, Any]:
    (only,) = rows([text])
    assert [only] == exact_rows([text]).to_pylist()
    return only


def assert_agree(lines: list[bytes]) -> None:
    assert rows(lines) == exact_rows(lines).to_pylist()


@pytest.fixture
def fast_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(lines: Iterable[bytes]) -> pa.RecordBatch:
        assert not list(lines), "the exact pass was taken"
        return pa.RecordBatch.from_pylist([], schema=JUDGED)

    monkeypatch.setattr(lines_module, "_judged_exactly", refuse)


def test_a_batch_is_one_row() -> None:
    sent = {"wall_ms": 1, "boot_id": "b", "mono_ms": 2}
    text = text_of(envelope(body(progress(boot_id="b", mono_ms=0), sent=sent), account_id="acc", user_agent="app/1"))
    assert row(text) == {
        "line_key": sha256(text).digest(),
        "raw": text,
        "reason": None,
        **{
            name: envelope(None)[name]
            for name in ("receipt", "received_ms", "dialect", "device_id", "network", "country")
        },
        "account_id": "acc",
        "user_agent": "app/1",
        "log_epoch": "e1",
        "sent_wall_ms": 1,
        "sent_boot_id": "b",
        "sent_mono_ms": 2,
        "records": [progress(boot_id="b", mono_ms=0) | {"malformed": False}],
        "claims": None,
    }


def test_a_refused_line_keeps_receipt_and_dialect_only() -> None:
    found = row(line(progress(), device_id="bob"))
    given_values = {name for name, value in found.items() if value is not None}
    assert (found["reason"], given_values) == ("wrong_device", {"line_key", "raw", "reason", "receipt", "dialect"})


def test_other_dialects_have_claims() -> None:
    found = row(text_of(envelope([1], dialect="gpodder/2")))
    assert (found["reason"], found["dialect"], found["device_id"], found["records"]) == (None, "gpodder/2", "ana", None)
    assert [(claim["raw"], claim["id"]) for claim in found["claims"]] == [("1", None)]
    assert row(line())["records"] == []


def test_malformed_records_keep_their_episode_only() -> None:
    found = row(line(progress(seq=0), progress(id="0" * 64, offline=2), progress(), progress(episode_id=""), None))
    records = [{name: value for name, value in record.items() if value is not None} for record in found["records"]]
    assert records == [
        {"episode_id": "ep-1", "malformed": True},
        {"episode_id": "ep-1", "malformed": True},
        progress() | {"malformed": False},
        {"malformed": True},
        {"malformed": True},
    ]


def test_blank_lines_give_no_rows() -> None:
    assert rows([b"", b" \t\r"]) == []
    assert [found["raw"] for found in rows([b"", GOOD, b"\r", b"[]", b" "])] == [GOOD, b"[]"]
    assert exact_rows([b"", b" "]).num_rows == 0


REGULAR = {
    "plain": GOOD,
    "no records": line(),
    "compact": GOOD.replace(b", ", b",").replace(b": ", b":"),
    "returns and tabs": GOOD.replace(b", ", b",\r\t"),
    "unknown fields": GOOD.replace(b'"seq"', b'"more": {"deep": [1.5, {"x": null}]}, "seq"'),
    "minus zero": GOOD.replace(b'"offline": 0', b'"offline": -0'),
    "not ASCII": line(progress(session_id="\u00fc\U0001f399\ufeff"), account_id="\u00e9"),
    "nulls": line(pause(from_ms=None, boot_id=None), account_id=ABSENT, country=None),
    "empty strings in the envelope": line(account_id="", network="", country="", user_agent=""),
    "sending clock out of range": text_of(envelope(body(sent={"wall_ms": 0, "boot_id": "", "mono_ms": 2**53}))),
    "plain escapes": GOOD.replace(b'"s1"', b'"\\/\\"\\u00fC\\u0020\\uFFFF\\u0061"').replace(b'"seq"', b'"s\\u0065q"'),
    "near NaN and Infinity": line(pause(session_id="NaN Nancy Infinix Infinity"), user_agent="Infinix"),
    "malformed records": line(progress(seq=0), None, {}, progress(id="X"), pause(from_ms=1), progress(boot_id="b")),
    "many records": line(*[pause()] * 600),
}


@pytest.mark.usefixtures("fast_only")
@pytest.mark.parametrize("text", REGULAR.values(), ids=REGULAR)
def test_regular_lines_take_the_fast_pass(text: bytes) -> None:
    assert len(rows([text, GOOD])) == 2


@pytest.mark.parametrize("text", REGULAR.values(), ids=REGULAR)
def test_regular_lines_are_read_alike(text: bytes) -> None:
    assert_agree([text, GOOD])


ODD = {
    "two values": GOOD + GOOD,
    "two values, white space between": GOOD + b" " + GOOD,
    "a return between two values": GOOD + b"\r" + GOOD,
    "a value in two lines, first": b'{"v": 1, "body": {}',
    "a value in two lines, second": b'{"x": 1}}',
    "a string in two lines, first": b'{"podledger/1": "}',
    "a string in two lines, second": b'{"}',
    "an array in two lines, first": b'{"podledger/1": [{}',
    "an array in two lines, second": b"{}]}",
    "white space around": b" " + GOOD + b"\r",
    "BOM": b"\xef\xbb\xbf" + GOOD,
    "NUL after": GOOD + b"\x00",
    "NUL between": GOOD + b"\x00" + GOOD,
    "pair of surrogates": GOOD.replace(b'"s1"', b'"\\ud83c\\udf99"'),
    "escaped backslash": GOOD.replace(b'"s1"', b'"\\\\"'),
    "escaped backslash before a code": GOOD.replace(b'"s1"', b'"\\\\u0061"'),
    "cut escape": GOOD.replace(b'"s1"', b'"\\u006"'),
    "wrong escape": GOOD.replace(b'"s1"', b'"\\x61"'),
    "escape outside a string": GOOD.replace(b'"s1"', b'\\"s1"'),
    "repeated key, once escaped": GOOD.replace(b'"seq"', b'"s\\u0065q": 9, "seq"'),
    "unpaired surrogate": GOOD.replace(b'"s1"', b'"\\ud800"'),
    "escaped control character": GOOD.replace(b'"s1"', b'"\\u0001"'),
    "raw control character": GOOD.replace(b'"s1"', b'"\x01"'),
    "invalid UTF-8": GOOD.replace(b'"s1"', b'"\xff"'),
    "NaN": GOOD.replace(b'"seq"', b'"more": NaN, "seq"'),
    "Inf": GOOD.replace(b'"seq"', b'"more": -Inf, "seq"'),
    "Infinity": GOOD.replace(b'"seq"', b'"more": Infinity, "seq"'),
    "NaN in an array": GOOD.replace(b'"seq"', b'"more": [ 1,-NaN\r], "seq"'),
    "NaN in a string": GOOD.replace(b'"seq"', b'"more": "NaN, Infinity]", "seq"'),
    "too great for a double": GOOD.replace(b'"seq"', b'"more": 1e999, "seq"'),
    "repeated known key": GOOD.replace(b'"seq"', b'"seq": 9, "seq"'),
    "repeated known key, null last": GOOD.replace(b'"offline"', b'"seq": null, "offline"'),
    "repeated unknown key": GOOD.replace(b'"seq"', b'"x": 9, "x": "y", "seq"'),
    "deepest": GOOD.replace(b'"v": 1', b'"v": 1, "x": ' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1), 1),
    "too deep": GOOD.replace(b'"v": 1', b'"v": 1, "x": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, 1),
    "too deep in a record": GOOD.replace(b'"seq"', b'"x": ' + b'{"a":' * 509 + b"1" + b"}" * 509 + b', "seq"'),
    "fraction": GOOD.replace(b'"seq": 1', b'"seq": 1.0'),
    "beyond int64": GOOD.replace(b'"seq": 1', b'"seq": 9223372036854775808'),
    "beyond an int": GOOD.replace(b'"seq": 1', b'"seq": 9007199254740992'),
    "another version": GOOD.replace(b'"v": 1', b'"v": 2'),
    "no sending time": text_of(envelope(body(progress(), sent={}))),
    "no records": text_of(envelope(body(records=None))),
    "null body": line(body=None),
    "a record that is no object": line(progress(), 5),
    "another dialect": text_of(envelope({"podledger/1": []}, dialect="gpodder/2")),
    "another dialect with a body like ours": line(progress(), dialect="rad/1"),
    "receipt with a control character": line(receipt="a\tb"),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_lines_are_read_alike_alone_and_among_regular_ones(text: bytes) -> None:
    assert_agree([text])
    assert_agree([GOOD, text, GOOD + b" ", GOOD])


def test_all_of_them_together_are_read_alike() -> None:
    together = [*ODD.values(), *REGULAR.values()]
    assert_agree(together)
    assert_agree(together[::-1])


def test_missing_objects_do_not_hide_a_line_that_is_nested_too_deep() -> None:
    without_sent = text_of(envelope(body(sent=None)))
    nulls = line(*[None] * 2000)
    assert_agree([ODD["too deep"], *[without_sent] * 600])
    assert_agree([ODD["too deep"], nulls])


def test_rows_keep_the_order_of_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line(pause(seq=seq), receipt=f"r-{seq}") for seq in range(1, 40)]
    lines[7:7] = [b"[]", b"{}"]
    lines[20:20] = [line(receipt="a\tb")]
    for block_bytes in (1, 1000, 4_000_000):
        monkeypatch.setattr(lines_module, "BLOCK_BYTES", block_bytes)
        assert [found["raw"] for found in rows(lines)] == lines


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(BLOCKS)
def test_whatever_went_wrong_both_passes_agree(block: list[bytes]) -> None:
    assert_agree(block)


def test_the_edges_are_read_alike() -> None:
    assert_agree(landed(EDGES / "landing"))


@pytest.mark.skipif(not WEEK.exists(), reason="the week's sample does not lie beside the work tree")
def test_the_week_is_read_alike() -> None:
    assert_agree(landed(WEEK / "landing"))
