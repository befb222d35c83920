"""What tus 1.0 says in headers, read strictly: versions, lengths, metadata and checksums."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
CONTENT_TYPE = "application/offset+octet-stream"
CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "md5": hashlib.md5}
STATUS_CHECKSUM_MISMATCH = 460
_INT = re.compile(r"\d{1,15}")
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,64}")
_MAX_METADATA = 32


class BadHeader(Exception):
    """A header is missing or is not what tus says; the text names it."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a chunk must hash to."""

    algorithm: str
    digest: bytes


def read_int(headers: Mapping[str, str], name: str) -> int:
    """A header that must be a whole number of at least 0.

    Raises:
        BadHeader: it is missing or something else.
    """
    value = headers.get(name)
    if value is None or not _INT.fullmatch(value):
        raise BadHeader(f"{name} must be a whole number")
    return int(value)


def read_metadata(value: str) -> dict[str, str]:
    """``Upload-Metadata``: names and their base64 values, which must be UTF-8.

    >>> read_metadata("filename ZXBpc29kZS5tcDM=,flag")
    {'filename': 'episode.mp3', 'flag': ''}

    Raises:
        BadHeader: it is not in this form, a name repeats, or there are too many.
    """
    found: dict[str, str] = {}
    for pair in value.split(",") if value.strip() else ():
        key, _, encoded = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found or len(found) >= _MAX_METADATA:
            raise BadHeader("Upload-Metadata has a name that is wrong or repeats, or too many")
        found[key] = _decode_text(encoded)
    return found


def _decode_text(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadHeader("Upload-Metadata has a value that is not UTF-8 text in base64") from error


def read_checksum(value: str | None) -> Checksum | None:
    """``Upload-Checksum``: an algorithm of ours and a digest of its length, in base64.

    Raises:
        BadHeader: it is something else.
    """
    if value is None:
        return None
    algorithm, _, encoded = value.strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise BadHeader(f"Upload-Checksum must use one of {', '.join(CHECKSUMS)}")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise BadHeader("Upload-Checksum must be in base64") from error
    if len(digest) != CHECKSUMS[algorithm]().digest_size:
        raise BadHeader(f"Upload-Checksum has not the length of a {algorithm}")
    return Checksum(algorithm, digest)
