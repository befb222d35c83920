"""The access logs that can be shipped: nginx and Fastly as JSON, Cloudflare's Logpush, CloudFront's 33 fields."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from service.shippers.request import EdgeRequest, NotALogLine, given, plain_path, promised_range

CLOUDFRONT_FIELDS = 33


def read_nginx(line: str) -> EdgeRequest | None:
    """A line that our own nginx wrote, None for one that is not about a file: what people do at the service is theirs.

    The time is that of the request's beginning.
    """
    row = _object(line)
    path = plain_path(str(row["path"]))
    if not path.startswith(("m/", "feeds/")):
        return None
    from_to = promised_range(row.get("content_range"))
    return EdgeRequest(
        request_id=str(row["request_id"]),
        at_ms=round((float(row["ended_s"]) - float(row["took_s"])) * 1000),
        method=str(row["method"]),
        path=path,
        status=int(row["status"]),
        body_bytes=int(row["body_bytes"]),
        range_from=from_to[0],
        range_to=from_to[1],
        address=str(row["address"]),
        user_agent=given(row.get("user_agent")),
        referrer=given(row.get("referrer")),
        edge="nginx",
    )


def read_fastly(line: str) -> EdgeRequest | None:
    """A line of Fastly, in the JSON format that docs/feeds.md asks to be configured there."""
    row = _object(line)
    from_to = promised_range(row.get("content_range"))
    return EdgeRequest(
        request_id=str(row["request_id"]),
        at_ms=int(row["start_ms"]),
        method=str(row["method"]),
        path=plain_path(str(row["url"])),
        status=int(row["status"]),
        body_bytes=int(row["body_bytes"]),
        range_from=from_to[0],
        range_to=from_to[1],
        address=str(row["client_ip"]),
        user_agent=given(row.get("user_agent")),
        referrer=given(row.get("referer")),
        edge="fastly",
        country=given(row.get("country")),
    )


def read_cloudflare(line: str) -> EdgeRequest | None:
    """A line of Cloudflare's Logpush (HTTP requests); body bytes are those sent less those of headers."""
    row = _object(line)
    headers = row.get("ResponseHeaders")
    content_range = headers.get("content-range") if isinstance(headers, dict) else None
    from_to = promised_range(content_range)
    body = row.get("EdgeResponseBodyBytes")
    return EdgeRequest(
        request_id=str(row["RayID"]),
        at_ms=_instant_ms(row["EdgeStartTimestamp"]),
        method=str(row["ClientRequestMethod"]),
        path=plain_path(str(row["ClientRequestURI"])),
        status=int(row["EdgeResponseStatus"]),
        body_bytes=int(body if body is not None else row["EdgeResponseBytes"]),
        range_from=from_to[0],
        range_to=from_to[1],
        address=str(row["ClientIP"]),
        user_agent=given(row.get("ClientRequestUserAgent")),
        referrer=given(row.get("ClientRequestReferer")),
        edge="cloudflare",
        country=_country(row.get("ClientCountry")),
    )


def read_cloudfront(line: str) -> EdgeRequest | None:
    """A line of CloudFront's standard log, None for its comments.

    ``sc-bytes`` counts headers in, ``sc-content-len`` promises the body: an answer proves the lesser of the two, and
    nothing is proved where CloudFront does not say how long the body was to be.
    """
    if line.startswith("#"):
        return None
    fields = line.split("\t")
    if len(fields) < CLOUDFRONT_FIELDS:
        raise NotALogLine(f"{len(fields)} fields, {CLOUDFRONT_FIELDS} expected")
    promised = int(fields[30]) if fields[30].isdigit() else 0
    has_range = fields[31].isdigit() and fields[32].isdigit()
    began = datetime.fromisoformat(f"{fields[0]}T{fields[1]}+00:00")
    return EdgeRequest(
        request_id=fields[14],
        at_ms=round(began.timestamp() * 1000),
        method=fields[5],
        path=plain_path(fields[7]),
        status=int(fields[8]),
        body_bytes=min(int(fields[3]), promised),
        range_from=int(fields[31]) if has_range else None,
        range_to=int(fields[32]) if has_range else None,
        address=fields[4],
        user_agent=_unescape(fields[10]),
        referrer=_unescape(fields[9]),
        edge="cloudfront",
    )


FORMATS: dict[str, Callable[[str], EdgeRequest | None]] = {
    "nginx": read_nginx,
    "cloudfront": read_cloudfront,
    "cloudflare": read_cloudflare,
    "fastly": read_fastly,
}


def read_line(log_format: str, line: str) -> EdgeRequest | None:
    """The request of a line, None where the line is none (a comment, an empty one).

    Raises:
        NotALogLine: it is not in that form; it says what is wrong.
    """
    if not line.strip():
        return None
    try:
        return FORMATS[log_format](line)
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise NotALogLine(f"{type(error).__name__}: {error}") from error


def _object(line: str) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise NotALogLine("no JSON object")
    return row


def _instant_ms(value: object) -> int:
    """Logpush writes RFC 3339, or Unix time in seconds or nanoseconds, as it was set up."""
    if isinstance(value, str):
        return round(datetime.fromisoformat(value).timestamp() * 1000)
    if not isinstance(value, int):
        raise NotALogLine(f"not a time: {value!r}")
    return value // 1_000_000 if value > 10**14 else value * 1000


def _country(value: object) -> str | None:
    country = given(value)
    return country.upper() if country and country.lower() not in ("xx", "t1") else None


def _unescape(field: str) -> str | None:
    """CloudFront escapes twice what is no plain letter."""
    text = given(field)
    return None if text is None else unquote(unquote(text))
