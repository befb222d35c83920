"""``/api/2/…`` and ``/subscriptions/…``: JSON whatever the content type says, and exactly 200 where it went well."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy.orm import Session

from jobs.records.json_text import Unreadable
from jobs.records.record import is_string
from jobs.records.shape import Dialect
from service.accounts.models import Token
from service.accounts.tokens import Tokens, digest
from service.core import Core, core_of, limit_network
from service.errors import Problem
from service.gpodder import store
from service.gpodder.actions import MOST_URL_CHARS, read_action
from service.gpodder.signing_in import COOKIE, Client, Sessions, client_of
from service.log.bodies import read_decoded
from service.log.lines import landing_line, note_arrival, read_body
from service.log.log import Log
from service.shapes import problems

Result = TypeVar("Result")

Device = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
Since = Annotated[int, Query(ge=0, le=2**53)]
Word = Annotated[str | None, Query(max_length=MOST_URL_CHARS, pattern=r"^[^\x00-\x1f]+$")]
ClientOf = Annotated[Client, Depends(client_of)]
CoreOf = Annotated[Core, Depends(core_of)]

OPAQUE = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}
OPAQUE_LIST = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "array"}}}}}
READING = problems(401, 403, 422, 429, 503)
WRITING = problems(400, 401, 403, 408, 413, 415, 422, 429, 503)

router = APIRouter(tags=["dialects"])


@asynccontextmanager
async def running(core: Core) -> AsyncIterator[None]:
    """Remembers sessions while the app runs."""
    core.add_part(Sessions(core.secrets.key("gpodder sessions")))
    yield


@router.post("/api/2/auth/{username}/login.json", responses=problems(401, 403, 429, 503))
async def log_in(_client: ClientOf) -> dict[str, str]:
    """Signs in; what counts is the cookie."""
    return {}


@router.post("/api/2/auth/{username}/logout.json", responses=problems(401, 403, 429, 503))
async def log_out(response: Response, core: CoreOf, client: ClientOf) -> dict[str, str]:
    """Ends the session."""

    def end(session: Session) -> None:
        core.part(Tokens).revoke(session, Token.digest == digest(client.token))

    await _write(core, end)
    core.part(Tokens).forget()
    response.delete_cookie(COOKIE)
    return {}


@router.get("/api/2/devices/{username}.json", responses=READING)
async def show_devices(core: CoreOf, client: ClientOf) -> list[dict[str, Any]]:
    """The person's devices."""
    return await _read(core, lambda session: store.list_devices(session, client.account_id))


@router.post(
    "/api/2/devices/{username}/{device}.json", response_class=Response, responses=WRITING, openapi_extra=OPAQUE
)
async def describe_device(request: Request, core: CoreOf, client: ClientOf, device: Device) -> Response:
    """Names a device; one that is not known yet is made."""
    value = await _json_of(request)
    given = value if isinstance(value, dict) else {}

    def describe(session: Session) -> None:
        row = store.touch_device(session, client.account_id, device)
        if is_string(given.get("caption"), 255):
            row.caption = given["caption"]
        if given.get("type") in store.DEVICE_TYPES:
            row.type = given["type"]

    await _write(core, describe)
    answer = Response(status_code=200)  # clients take any text here for a failure
    client.welcome(answer, core)
    return answer


@router.get("/api/2/subscriptions/{username}/{device}.json", responses=READING)
async def show_changes(core: CoreOf, client: ClientOf, device: Device, since: Since = 0) -> dict[str, Any]:
    """The feeds that came and went on a device."""

    def read(session: Session) -> dict[str, Any]:
        add, remove = store.changed_subscriptions(session, client.account_id, device, since)
        return {"add": add, "remove": remove, "timestamp": store.newest_stamp(session, client.account_id)}

    return await _read(core, read)


@router.post("/api/2/subscriptions/{username}/{device}.json", responses=WRITING, openapi_extra=OPAQUE)
async def change(request: Request, core: CoreOf, client: ClientOf, device: Device) -> dict[str, Any]:
    """Subscribes and unsubscribes; addresses that are none are told as changed into nothing."""
    value = await _json_of(request)
    given = value if isinstance(value, dict) else {}
    add, remove = _addresses(given.get("add")), _addresses(given.get("remove"))
    if set(add) & set(remove):
        raise Problem(400, "contradiction", "the same address is in `add` and in `remove`")
    good = [url for url in add if _is_address(url)]

    def write(session: Session) -> int:
        gone = [url for url in remove if _is_address(url)]
        return store.change_subscriptions(session, client.account_id, device, good, gone, core.now_ms())

    stamp = await _write(core, write)
    return {"timestamp": stamp, "update_urls": [[url, ""] for url in add if url not in good and is_string(url)]}


@router.get("/api/2/episodes/{username}.json", responses=READING)
async def show_actions(
    core: CoreOf,
    client: ClientOf,
    since: Since = 0,
    podcast: Word = None,
    device: Word = None,
    aggregated: Annotated[str, Query(max_length=8)] = "false",
) -> dict[str, Any]:
    """The actions that arrived since then; aggregated, only the last of each episode."""

    def read(session: Session) -> dict[str, Any]:
        actions, stamp = store.changed_actions(session, client.account_id, since, podcast, device)
        if aggregated.lower() == "true":
            actions = list({(one["podcast"], one["episode"]): one for one in actions}.values())
        return {"actions": actions, "timestamp": stamp}

    return await _read(core, read)


@router.post("/api/2/episodes/{username}.json", responses=WRITING, openapi_extra=OPAQUE_LIST)
async def take_actions(request: Request, core: CoreOf, client: ClientOf) -> dict[str, Any]:
    """Takes episode actions: they land as they came, and what other devices can be told of them is kept."""
    limit_network(request, "network")
    arrival = note_arrival(request)
    raw = await read_decoded(request, core.settings.sync.decoded_bytes)
    value = _parsed(raw)
    if not isinstance(value, list):
        raise Problem(400, "malformed", "send an array of actions")
    line = landing_line(arrival, Dialect.GPODDER.value, None, client.pseudonym, raw)
    await core.part(Log).begin(line, Dialect.GPODDER.value)
    actions = [action for action in map(read_action, value) if action is not None]
    stamp = await _write(core, lambda session: store.add_actions(session, client.account_id, actions, core.now_ms()))
    return {"timestamp": stamp, "update_urls": []}


@router.get("/subscriptions/{username}/{device}.json", responses=READING)
async def show_subscriptions(core: CoreOf, client: ClientOf, device: Device) -> list[str]:
    """The feeds of a device."""
    return await _read(core, lambda session: store.subscribed(session, client.account_id, device))


@router.get("/subscriptions/{username}.json", responses=READING)
async def show_all_subscriptions(core: CoreOf, client: ClientOf) -> list[str]:
    """The feeds of all devices, each once."""
    return await _read(core, lambda session: store.subscribed(session, client.account_id, None))


@router.put("/subscriptions/{username}/{device}.json", response_class=Response, responses=WRITING, openapi_extra=OPAQUE)
async def replace_subscriptions(request: Request, core: CoreOf, client: ClientOf, device: Device) -> Response:
    """Makes the feeds of a device exactly these."""
    wanted = [url for url in _addresses(await _json_of(request)) if _is_address(url)]

    def write(session: Session) -> None:
        gone = set(store.subscribed(session, client.account_id, device)) - set(wanted)
        store.change_subscriptions(session, client.account_id, device, wanted, sorted(gone), core.now_ms())

    await _write(core, write)
    answer = Response(status_code=200)
    client.welcome(answer, core)
    return answer


async def _json_of(request: Request) -> object:
    return _parsed(await read_decoded(request, core_of(request).settings.sync.decoded_bytes))


def _parsed(raw: bytes) -> object:
    try:
        return read_body(raw)
    except Unreadable as error:
        raise Problem(400, "unreadable", f"the body is no JSON text: {error}") from error


def _addresses(value: object) -> list[str]:
    return list(dict.fromkeys(url for url in value if isinstance(url, str))) if isinstance(value, list) else []


def _is_address(url: str) -> bool:
    return is_string(url, MOST_URL_CHARS) and url.startswith(("http://", "https://"))


async def _read(core: Core, ask: Callable[[Session], Result]) -> Result:
    def reading() -> Result:
        with core.database.read() as session:
            return ask(session)

    return await run_in_threadpool(reading)


async def _write(core: Core, change: Callable[[Session], Result]) -> Result:
    def writing() -> Result:
        with core.database.write() as session:
            return change(session)

    return await run_in_threadpool(writing)
