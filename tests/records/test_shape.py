from typing import Any

import pytest

from jobs.records.reasons import Reason
from jobs.records.record import Malformed, Record
from jobs.records.shape import Batch, Body, Line, Refused, judge_line
from tests.records.made import ABSENT, RECEIVED_MS, body, envelope, line, pause, progress, text_of

LATEST_MS = 253_402_300_799_999
DEEP: Any = {"a": [1]}


def judged(content: Any, **changed: Any) -> Line:
    return judge_line(text_of(envelope(content, **changed)))


def reason(content: Any, **changed: Any) -> Reason | None:
    found = judged(content, **changed)
    return found.reason if isinstance(found, Refused) else None


def batch(content: Any, **changed: Any) -> Batch:
    found = judged(content, **changed)
    assert isinstance(found, Batch), found
    return found


def body_of(content: Any, **changed: Any) -> Body:
    found = batch(content, **changed).body
    assert found is not None
    return found


def test_a_batch_is_read_whole() -> None:
    content = body(progress(), sent={"wall_ms": -5, "boot_id": "b", "mono_ms": 7})
    read = batch(content, account_id="acc", user_agent="app/1")
    assert read.body is not None
    assert (read.receipt, read.received_ms, read.dialect, read.device_id) == ("r-1", RECEIVED_MS, "podledger/1", "ana")
    assert (read.account_id, read.network, read.country, read.user_agent) == ("acc", "n1", "DE", "app/1")
    assert (read.body.device_id, read.body.log_epoch) == ("ana", "e1")
    assert (read.body.sent_wall_ms, read.body.sent_boot_id, read.body.sent_mono_ms) == (-5, "b", 7)
    assert [type(record) for record in read.body.records] == [Record]


@pytest.mark.parametrize("text", [b"[]", b"1", b'"{}"', b"null", b"{} {}", b"\xff{}", b"\xef\xbb\xbf{}", b"{}"])
def test_what_is_no_envelope_is_unreadable(text: bytes) -> None:
    assert judge_line(text) == Refused(Reason.UNREADABLE, receipt=None, dialect=None)


@pytest.mark.parametrize("receipt", [ABSENT, None, "", 5, True, [], "a\tb", "\u001f"])
def test_unreadable_without_a_receipt(receipt: Any) -> None:
    assert judged(body(), receipt=receipt) == Refused(Reason.UNREADABLE, receipt=None, dialect="podledger/1")


def test_unreadable_where_the_receipt_has_an_unpaired_surrogate() -> None:
    text = text_of(envelope(body())).replace(b'"r-1"', b'"\\udc00"')
    assert judge_line(text) == Refused(Reason.UNREADABLE, receipt=None, dialect="podledger/1")


@pytest.mark.parametrize("received_ms", [ABSENT, None, -1, LATEST_MS + 1, 1.0, "1", True])
def test_unreadable_without_a_time_it_was_received(received_ms: Any) -> None:
    assert judged(body(), received_ms=received_ms) == Refused(Reason.UNREADABLE, "r-1", "podledger/1")


@pytest.mark.parametrize("received_ms", [0, LATEST_MS])
def test_the_first_and_the_last_time_are_readable(received_ms: int) -> None:
    assert batch(body(), received_ms=received_ms).received_ms == received_ms


@pytest.mark.parametrize("dialect", [ABSENT, None, "", 1, ["podledger/1"]])
def test_unreadable_without_a_dialect(dialect: Any) -> None:
    assert judged(body(), dialect=dialect) == Refused(Reason.UNREADABLE, "r-1", None)


@pytest.mark.parametrize("dialect", ["podledger/1", "gpodder/2", "podledger/9"])
@pytest.mark.parametrize("content", [ABSENT, None])
def test_unreadable_without_a_body(content: Any, dialect: str) -> None:
    assert judged(content, dialect=dialect) == Refused(Reason.UNREADABLE, "r-1", dialect)


@pytest.mark.parametrize("version", [ABSENT, None, 2, 0, "1", 1.0, True])
@pytest.mark.parametrize("dialect", ["podledger/1", "gpodder/2"])
def test_unsupported_envelope_versions(version: Any, dialect: str) -> None:
    assert judged(body(), v=version, dialect=dialect) == Refused(Reason.UNSUPPORTED_VERSION, "r-1", dialect)


def test_unsupported_dialects() -> None:
    assert reason(body(), dialect="podledger/2") is Reason.UNSUPPORTED_VERSION
    assert reason(body(), dialect="Podledger/1") is Reason.UNSUPPORTED_VERSION


@pytest.mark.parametrize("content", [[], "x", 0, False, {}, body(v=2), body(v=ABSENT), body(v=1.0), body(v=True)])
def test_unsupported_bodies(content: Any) -> None:
    assert reason(content) is Reason.UNSUPPORTED_VERSION


@pytest.mark.parametrize("content", [[], "x", 0, False, {}, {"device_id": "other"}])
@pytest.mark.parametrize("dialect", ["gpodder/2", "rad/1"])
def test_other_dialects_are_batches_whatever_their_body(content: Any, dialect: str) -> None:
    read = batch(content, dialect=dialect)
    assert (read.dialect, read.device_id, read.body) == (dialect, "ana", None)


def test_another_dialects_device_may_be_unknown() -> None:
    assert batch({}, dialect="rad/1", device_id=None).device_id is None


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("ana", "bob"),
        ("ana", ABSENT),
        (ABSENT, "ana"),
        ("ana", "Ana"),
        ("\u00e9", "e\u0301"),
        (1, True),
        (0, False),
        (1, 1.0),
        ({"a": [1]}, {"a": [True]}),
        ([1], [1, 1]),
        ({"a": 1}, {"b": 1}),
        ("1", 1),
    ],
)
def test_wrong_device_where_the_two_differ(outer: Any, inner: Any) -> None:
    assert reason(body(device_id=inner), device_id=outer) is Reason.WRONG_DEVICE


@pytest.mark.parametrize("device_id", [5, True, "", "x" * 65, DEEP, "a\nb"])
def test_malformed_where_both_name_the_same_wrong_device(device_id: Any) -> None:
    assert reason(body(device_id=device_id), device_id=device_id) is Reason.MALFORMED


@pytest.mark.parametrize(("outer", "inner"), [(ABSENT, ABSENT), (None, ABSENT), (ABSENT, None)])
def test_two_absent_devices_are_equal(outer: Any, inner: Any) -> None:
    assert reason(body(device_id=inner), device_id=outer) is Reason.MALFORMED


@pytest.mark.parametrize(
    "changed",
    [
        {"log_epoch": ABSENT},
        {"log_epoch": ""},
        {"log_epoch": "e" * 65},
        {"log_epoch": 1},
        {"sent": ABSENT},
        {"sent": []},
        {"sent": {}},
        {"sent": {"wall_ms": 1.0}},
        {"sent": {"wall_ms": "1"}},
        {"sent": {"wall_ms": 2**53}},
        {"records": ABSENT},
        {"records": None},
        {"records": {}},
        {"records": "[]"},
    ],
)
def test_malformed_batches(changed: dict[str, Any]) -> None:
    assert judged(body(**changed)) == Refused(Reason.MALFORMED, "r-1", "podledger/1")


def test_lengths_are_counted_in_code_points() -> None:
    long = "\U0001f399" * 64
    read = body_of(body(device_id=long, log_epoch=long), device_id=long)
    assert (read.device_id, read.log_epoch) == (long, long)


def test_the_first_reason_is_kept() -> None:
    wrong: dict[str, Any] = {"v": 2, "device_id": "bob"}
    assert reason(body(v=2, log_epoch=1), receipt=5, **wrong) is Reason.UNREADABLE
    assert reason(body(log_epoch=1), **wrong) is Reason.UNSUPPORTED_VERSION
    assert reason(body(v=2, log_epoch=1), device_id="bob") is Reason.UNSUPPORTED_VERSION
    assert reason(body(log_epoch=1), device_id="bob") is Reason.WRONG_DEVICE
    assert reason(body(log_epoch=1)) is Reason.MALFORMED


@pytest.mark.parametrize("value", [None, ABSENT, "", 5, True, ["x"], "a\u0001"])
def test_what_is_no_string_in_the_envelope_is_unknown(value: Any) -> None:
    read = batch(body(), account_id=value, network=value, country=value, user_agent=value)
    assert (read.account_id, read.network, read.country, read.user_agent) == (None, None, None, None)


@pytest.mark.parametrize("boot_id", [None, "", 5, "a\u0001"])
def test_a_sending_boot_that_is_no_string_is_absent(boot_id: Any) -> None:
    assert body_of(body(sent={"wall_ms": 0, "boot_id": boot_id})).sent_boot_id is None


@pytest.mark.parametrize("mono_ms", [None, 1.0, "1", True, 2**53])
def test_a_sending_monotonic_time_that_is_no_int_is_absent(mono_ms: Any) -> None:
    assert body_of(body(sent={"wall_ms": 0, "mono_ms": mono_ms})).sent_mono_ms is None


def test_a_sending_monotonic_time_may_be_any_int() -> None:
    assert body_of(body(sent={"wall_ms": 0, "mono_ms": -3})).sent_mono_ms == -3


def test_more_than_500_records_are_judged_like_any_others() -> None:
    assert len(body_of(body(*[pause()] * 501)).records) == 501


def test_a_bad_record_never_fails_its_batch() -> None:
    kinds = [type(record) for record in body_of(body(None, 1, [], progress(), {})).records]
    assert kinds == [Malformed, Malformed, Malformed, Record, Malformed]


def test_unknown_fields_and_repeated_keys_change_nothing() -> None:
    plain = line(progress())
    more = plain.replace(b'"v": 1,', b'"v": "x", "more": {"v": [1.5]}, "v": 1,')
    assert more != plain
    assert judge_line(more) == judge_line(plain)


def test_of_a_repeated_key_the_last_value_holds_also_when_it_is_null() -> None:
    text = line(progress()).replace(b'"receipt": "r-1"', b'"receipt": "r-1", "receipt": null')
    assert judge_line(text) == Refused(Reason.UNREADABLE, None, "podledger/1")
