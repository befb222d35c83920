"""Bodies as they come: compressed or not, and never more of them than allowed."""

import io
import zlib

import zstandard
from fastapi import Request

from service.errors import Problem
from service.limits import too_large

GZIP_WINDOW = 16 + zlib.MAX_WBITS
MOST_ZSTD_WINDOW = 8 * 1024 * 1024
ENCODINGS = ("identity", "", "gzip", "x-gzip", "zstd")


class NotDecodable(Exception):
    """The body is not what its encoding says."""


async def read_decoded(request: Request, most_bytes: int) -> bytes:
    """The body without its content encoding. How much may be sent is the route's `BodyLimit`.

    Raises:
        Problem: 415 for an unknown encoding, 413 for more than ``most_bytes`` decoded, 400 for a damaged stream.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ENCODINGS:
        raise Problem(
            415, "unknown_encoding", "send it as it is, or as gzip or zstd", headers={"Accept-Encoding": "gzip, zstd"}
        )
    body = await request.body()
    try:
        return decode(body, encoding, most_bytes)
    except NotDecodable as error:
        raise Problem(400, "unreadable", f"the body is no whole {encoding} stream") from error


def decode(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """The decoded body; never more than a little over ``most_bytes`` of it is ever in memory.

    Raises:
        Problem: 413, there is more.
        NotDecodable: it is damaged or cut.
    """
    if encoding not in ENCODINGS:
        raise NotDecodable(f"{encoding} is not known here")
    if encoding in ("identity", ""):
        decoded = body
    elif encoding == "zstd":
        decoded = _zstd(body, most_bytes + 1)
    else:
        decoded = _gzip(body, most_bytes + 1)
    if len(decoded) > most_bytes:
        raise too_large(most_bytes)
    return decoded


def _gzip(body: bytes, most_bytes: int) -> bytes:
    decoded = bytearray()
    while True:
        stream = zlib.decompressobj(GZIP_WINDOW)
        try:
            decoded += stream.decompress(body, most_bytes - len(decoded))
        except zlib.error as error:
            raise NotDecodable(str(error)) from error
        if len(decoded) >= most_bytes:
            return bytes(decoded)
        if not stream.eof:
            raise NotDecodable("cut")
        body = stream.unused_data
        if not body:
            return bytes(decoded)


def _zstd(body: bytes, most_bytes: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=MOST_ZSTD_WINDOW).stream_reader(
        io.BytesIO(body), read_across_frames=True
    )
    decoded = bytearray()
    try:
        while len(decoded) < most_bytes and (part := reader.read(min(65_536, most_bytes - len(decoded)))):
            decoded += part
    except zstandard.ZstdError as error:
        raise NotDecodable(str(error)) from error
    return bytes(decoded)
