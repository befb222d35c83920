"""``POST /v1/rad``: everything a RAD client sends lands; it is told 200 once that is durable, else 503.

Its clients delete what is answered 4xx, and know no redirect. So only a body above the limit gets 413, and whatever
cannot be read lands as a string, for the jobs to refuse with a reason.
"""

import base64
import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from jobs.records.json_text import Unreadable
from jobs.records.shape import Dialect
from service.core import core_of, limit_network
from service.errors import Problem, try_later
from service.limits import BodyLimit
from service.log.bodies import NotDecodable, decode
from service.log.lines import landing_line, note_arrival, read_body
from service.log.log import Log
from service.settings import Settings
from service.shapes import problems

PATH = "/v1/rad"
PASSED_ON = (413, 503)

router = APIRouter(tags=["dialects"])


def body_limits(settings: Settings) -> list[BodyLimit]:
    """As large as a sync request."""
    return [BodyLimit(PATH, settings.sync.body_bytes, settings.server.body_seconds)]


OPAQUE: dict[str, Any] = {"content": {"application/json": {"schema": {}}}}


@router.post(PATH, response_class=Response, responses=problems(413, 503), openapi_extra={"requestBody": OPAQUE})
async def take_report(request: Request) -> Response:
    """Takes a report of listening, and answers when it is durable."""
    try:
        await _keep(request)
    except Problem as problem:
        if problem.status_code in PASSED_ON:
            raise
        raise try_later(problem.code, str(problem.detail)) from problem
    return Response(status_code=200)


async def _keep(request: Request) -> None:
    core = core_of(request)
    limit_network(request, "network")
    arrival = note_arrival(request)
    raw = await request.body()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    try:
        body = decode(raw, encoding, core.settings.sync.decoded_bytes)
        read_body(body)
    except (NotDecodable, Unreadable):
        body = _as_string(raw)
    line = landing_line(arrival, Dialect.RAD.value, None, None, body)
    await core.part(Log).begin(line, Dialect.RAD.value)


def _as_string(raw: bytes) -> bytes:
    """A JSON string of what is no JSON: its text, or where it is none, ``base64:`` and its bytes."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = "base64:" + base64.b64encode(raw).decode("ascii")
    return json.dumps(text).encode("ascii")
