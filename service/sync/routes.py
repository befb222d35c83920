"""``POST /v1/sync``."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from jobs.records.json_text import Unreadable
from jobs.records.record import MAX_NAME_CHARS, is_int, is_string
from jobs.records.shape import VERSION, Dialect
from service.accounts.guards import needs
from service.accounts.tokens import Principal, Scope
from service.core import Core, core_of, limit_network
from service.errors import Problem
from service.limits import BodyLimit
from service.log.bodies import read_decoded
from service.log.lines import landing_line, note_arrival, read_body
from service.log.log import Log, running_log
from service.settings import Settings
from service.shapes import Shape, problems
from service.sync.catalogue import Catalogue, running_catalogue
from service.sync.document import REQUEST_BODY
from service.sync.judging import KnownIds, accepted_ids, depends_on_catalogue, judge_records

PATH = "/v1/sync"
MEDIA_TYPE = "application/json"

router = APIRouter(tags=["sync"])


def body_limits(settings: Settings) -> list[BodyLimit]:
    """A sync request is as large as its setting says."""
    return [BodyLimit(PATH, settings.sync.body_bytes, settings.server.body_seconds)]


@asynccontextmanager
async def running(core: Core) -> AsyncIterator[None]:
    """Opens the durable log, which the dialects use too, and follows the catalogue."""
    core.add_part(KnownIds(core.settings.sync.known_ids))
    async with running_log(core), running_catalogue(core):
        yield


class Synced(Shape):
    """The batch is durable. ``results`` by record id: stored, duplicate or rejected:<code>."""

    receipt: str
    received_ms: int
    results: dict[str, str]


@router.post(
    PATH,
    response_model=Synced,
    responses=problems(400, 401, 403, 408, 413, 415, 429, 503),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def sync(request: Request, device: Annotated[Principal, Depends(needs(Scope.SYNC))]) -> Response:
    """Takes a batch of a device's log, and answers when it is durable."""
    core = core_of(request)
    if device.device_id is None:
        raise Problem(403, "no_device", "the token proves no device; register one with /v1/devices")
    core.limits["device"].take(f"device {device.device_id}")
    limit_network(request, "network")
    arrival = note_arrival(request)
    _check_type(request)
    raw = await read_decoded(request, core.settings.sync.decoded_bytes)
    body = _read_envelope(raw, device.device_id, core.settings.sync.records)
    line = landing_line(arrival, Dialect.PODLEDGER.value, device.device_id, device.pseudonym, raw)
    durable = core.part(Log).begin(line, Dialect.PODLEDGER.value)
    known = core.part(KnownIds)
    # judged while the disk works
    catalogue = core.part(Catalogue)
    results = judge_records(body["records"], device.device_id, body["log_epoch"], catalogue.durations, known)
    if depends_on_catalogue(results):  # an episode may have been published a moment ago
        await run_in_threadpool(catalogue.refresh_unless_new)
        results = judge_records(body["records"], device.device_id, body["log_epoch"], catalogue.durations, known)
    await durable
    known.add(accepted_ids(results))
    for result, number in Counter(results.values()).items():
        core.metrics.records.labels(result).inc(number)
    synced = Synced(receipt=arrival.receipt, received_ms=arrival.received_ms, results=results)
    # written here: the framework would look at every result once more
    return Response(synced.model_dump_json(), media_type=MEDIA_TYPE)


def _check_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise Problem(415, "unknown_type", f"send it as {MEDIA_TYPE}")


def _read_envelope(raw: bytes, device_id: str, most_records: int) -> dict[str, Any]:
    """The request's envelope, of the device that the token proves.

    Raises:
        Problem: 400 where it is not as the contract says, 403 for another device, 413 for too many records.
    """
    try:
        body = read_body(raw)
    except Unreadable as error:
        raise Problem(400, "unreadable", f"the body is no JSON text: {error}") from error
    if not isinstance(body, dict):
        raise Problem(400, "malformed", "the body is no JSON object")
    wrong = _wrong_members(body)
    if wrong:
        raise Problem(400, "malformed", f"missing or wrong: {', '.join(wrong)}")
    if body["device_id"] != device_id:
        raise Problem(403, "wrong_device", "the token proves another device than device_id")
    if len(body["records"]) > most_records:
        raise Problem(413, "too_many_records", f"send at most {most_records} records at once")
    return body


def _wrong_members(body: dict[str, Any]) -> list[str]:
    sent = body.get("sent")
    right = {
        "v": is_int(body.get("v"), VERSION, VERSION),
        "device_id": is_string(body.get("device_id"), MAX_NAME_CHARS),
        "log_epoch": is_string(body.get("log_epoch"), MAX_NAME_CHARS),
        "sent": isinstance(sent, dict) and is_int(sent.get("wall_ms")),
        "records": isinstance(body.get("records"), list),
    }
    return [name for name, is_right in right.items() if not is_right]
