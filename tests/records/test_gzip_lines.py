import gzip
import zlib
from io import BytesIO
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.lake import gzip_lines
from jobs.lake.gzip_lines import Damage, DamagedFile, landed_lines

BOM = b"\xef\xbb\xbf"


def lines_of(packed: bytes) -> list[bytes]:
    return list(chain.from_iterable(landed_lines(BytesIO(packed))))


def damage_of(packed: bytes) -> Damage:
    with pytest.raises(DamagedFile) as raised:
        lines_of(packed)
    return raised.value.reason


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\n\nb", [b"a", b"", b"b"]),
        (b"a\r\nb\x0b\x0c\x85\xe2\x80\xa8c\n", [b"a\r", b"b\x0b\x0c\x85\xe2\x80\xa8c"]),
        (BOM + b"a\n" + BOM + b"b\n", [b"a", BOM + b"b"]),
        (BOM + BOM + b"a", [BOM + b"a"]),
        (BOM, [b""]),
        (b"\n" + BOM, [b"", BOM]),
        (b"\xff\x00", [b"\xff\x00"]),
    ],
)
def test_lines_end_at_line_feeds_and_nothing_else(text: bytes, lines: list[bytes]) -> None:
    assert lines_of(gzip.compress(text)) == lines


def test_several_members_are_one_stream() -> None:
    members = [BOM[:1], BOM[1:] + b"a\nb", b"", b"c\n", BOM + b"d"]
    assert lines_of(b"".join(map(gzip.compress, members))) == [b"a", b"bc", BOM + b"d"]


def test_zero_bytes_between_and_behind_members_are_padding() -> None:
    assert lines_of(gzip.compress(b"a\n") + b"\0" * 9 + gzip.compress(b"b") + b"\0" * 3_000_000) == [b"a", b"b"]


@pytest.mark.parametrize("packed", [b"{}", b"x", b"PK\x03\x04", b"\0\0\0", b'{"v": 1}\n' * 100])
def test_what_is_no_gzip(packed: bytes) -> None:
    assert damage_of(packed) is Damage.NOT_GZIP


def test_a_file_cut_anywhere_is_cut_an_empty_one_too() -> None:
    packed = gzip.compress(b"one\ntwo\n" * 20)
    assert {damage_of(packed[:end]) for end in range(len(packed))} == {Damage.CUT}


def test_a_cut_last_member_is_cut() -> None:
    packed = gzip.compress(b"one\n")
    assert {damage_of(packed + packed[:end]) for end in range(1, len(packed))} == {Damage.CUT}


def test_a_wrong_checksum_or_length_or_content_is_corrupt() -> None:
    packed = gzip.compress(bytes(range(256)) * 50)
    for at in (-1, -8, len(packed) // 2, 2):
        broken = bytearray(packed)
        broken[at] ^= 0xFF
        assert damage_of(bytes(broken)) is Damage.CORRUPT, at


@pytest.mark.parametrize("garbage", [b"x", b"\0x", b"\x1f\x8c", b"{}\n", zlib.compress(b"a")])
def test_anything_behind_the_last_member_is_garbage(garbage: bytes) -> None:
    assert damage_of(gzip.compress(b"a\n") + garbage) is Damage.TRAILING_GARBAGE


def test_the_text_of_an_error_is_its_reason() -> None:
    with pytest.raises(DamagedFile, match=r"\Acut\Z"):
        lines_of(b"")


def test_blocks_are_bounded_and_hold_whole_lines() -> None:
    lines = [b"x" * 1000] * 30_000
    blocks = list(landed_lines(BytesIO(gzip.compress(b"\n".join(lines)))))
    assert list(chain.from_iterable(blocks)) == lines
    assert len(blocks) > 5
    assert max(sum(map(len, block)) for block in blocks) < 2 * gzip_lines.BLOCK_BYTES


def test_a_line_longer_than_a_block_stays_whole() -> None:
    lines = [b"a", b"x" * (3 * gzip_lines.BLOCK_BYTES), b"b"]
    assert lines_of(gzip.compress(b"\n".join(lines))) == lines


@given(st.lists(st.binary(max_size=30), max_size=6), st.integers(1, 40), st.integers(1, 40))
def test_how_a_file_is_read_and_split_changes_nothing(members: list[bytes], read_bytes: int, block_bytes: int) -> None:
    text = b"".join(members)
    lines = text.removeprefix(BOM).split(b"\n")
    expected = lines if lines[-1] or text == BOM else lines[:-1]
    packed = b"".join(map(gzip.compress, members)) or gzip.compress(b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gzip_lines, "_READ_BYTES", read_bytes)
        patch.setattr(gzip_lines, "BLOCK_BYTES", block_bytes)
        assert lines_of(packed) == expected
