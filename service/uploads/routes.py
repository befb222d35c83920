"""``/v1/uploads``: tus 1.0 with creation, expiration, checksum and termination."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from email.utils import formatdate
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy import select

from service.accounts.guards import account_of, needs
from service.accounts.tokens import Principal, Scope
from service.catalog.chores import repeat
from service.core import Core, core_of
from service.errors import Problem
from service.limits import BodyLimit
from service.settings import Settings
from service.shapes import After, Key, Limit, Page, problems
from service.uploads import document, protocol
from service.uploads.models import Upload
from service.uploads.receiving import receive
from service.uploads.service import Uploads
from service.uploads.shapes import UploadOut, upload_out

router = APIRouter(tags=["uploads"])

CoreOf = Annotated[Core, Depends(core_of)]
Writer = Annotated[Principal, Depends(needs(Scope.SHOWS_WRITE))]
PREFIX = "/v1/uploads"
_EXPIRE_EVERY_S = 60.0
_TUS = {"Tus-Resumable": protocol.VERSION}
_WORDS = {410: "It expired.", 412: "Another version of tus.", 423: "Another request is sending to it."}
_MORE: dict[int | str, dict[str, object]] = {status: {"description": words} for status, words in _WORDS.items()}


@asynccontextmanager
async def running(core: Core) -> AsyncIterator[None]:
    """Checks what is whole and drops what expired, for as long as the app runs."""
    uploads = Uploads(core)
    core.add_part(uploads)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(repeat(core.settings.feeds.tick_s, uploads.check_waiting))
        await stack.enter_async_context(repeat(_EXPIRE_EVERY_S, uploads.expire))
        yield


def body_limits(_settings: Settings) -> list[BodyLimit]:
    """The routes themselves see to it that nobody sends more than they announced."""
    return [BodyLimit(PREFIX, None, None)]


def speaks_tus(request: Request, _creator: Writer) -> None:
    """Refuses other versions of tus, to those who may upload.

    Raises:
        Problem: 412 with the version that is spoken.
    """
    if request.headers.get("tus-resumable") != protocol.VERSION:
        headers = {"Tus-Version": protocol.VERSION, **_TUS}
        raise Problem(412, "wrong_tus", f"send Tus-Resumable: {protocol.VERSION}", headers=headers)


Tus = Depends(speaks_tus)


@router.options(PREFIX, status_code=204, responses=problems(429))
def describe() -> Response:
    """What of tus is spoken here."""
    headers = {
        "Tus-Version": protocol.VERSION,
        "Tus-Extension": protocol.EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(protocol.CHECKSUMS),
    }
    return Response(status_code=204, headers=_TUS | headers)


@router.post(
    PREFIX,
    status_code=201,
    response_class=Response,
    dependencies=[Tus],
    responses={**problems(400, 401, 403, 404, 413, 429, 503), **_MORE},
    openapi_extra=document.BEGINNING,
)
async def begin(request: Request, core: CoreOf, creator: Writer) -> Response:
    """Begins an upload; a body, if there is one, is its first piece.

    Metadata: ``filename``; ``kind`` (audio, cover, transcript); ``episode_id`` or ``show_id``, which takes the file as
    soon as it is accepted; ``language`` of a transcript.
    """
    uploads = core.part(Uploads)
    try:
        length = protocol.read_int(request.headers, "upload-length")
        metadata = protocol.read_metadata(request.headers.get("upload-metadata", ""))
    except protocol.BadHeader as error:
        raise Problem(400, "wrong_header", str(error)) from error
    upload = await run_in_threadpool(uploads.begin, account_of(creator), length, metadata)
    headers = {"Location": f"{PREFIX}/{upload.id}", **_state_headers(upload)}
    if request.headers.get("content-type", "").lower() == protocol.CONTENT_TYPE:
        headers["Upload-Offset"] = str(await receive(uploads, upload, request, 0))
    return Response(status_code=201, headers=headers)


@router.head(
    PREFIX + "/{upload_id}",
    status_code=200,
    response_class=Response,
    dependencies=[Tus],
    responses={**problems(401, 403, 404, 429, 503), **_MORE},
    openapi_extra=document.SPOKEN,
)
async def ask_offset(core: CoreOf, creator: Writer, upload_id: Key) -> Response:
    """How much of it is there."""
    uploads = core.part(Uploads)
    upload = await run_in_threadpool(uploads.own, account_of(creator), upload_id)
    offset = await run_in_threadpool(uploads.offset, upload)
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(upload.length), "Cache-Control": "no-store"}
    return Response(status_code=200, headers=headers | _state_headers(upload))


@router.patch(
    PREFIX + "/{upload_id}",
    status_code=204,
    dependencies=[Tus],
    responses={
        **problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
        **_MORE,
        460: {"description": "Wrong checksum."},
    },
    openapi_extra=document.PIECE,
)
async def send_piece(request: Request, core: CoreOf, creator: Writer, upload_id: Key) -> Response:
    """Takes a piece at the offset where the upload stands. Of a broken one, what came is kept."""
    if request.headers.get("content-type", "").lower() != protocol.CONTENT_TYPE:
        raise Problem(415, "wrong_type", f"send pieces as {protocol.CONTENT_TYPE}")
    uploads = core.part(Uploads)
    upload = await run_in_threadpool(uploads.own, account_of(creator), upload_id)
    try:
        offset = protocol.read_int(request.headers, "upload-offset")
    except protocol.BadHeader as error:
        raise Problem(400, "wrong_header", str(error)) from error
    reached = await receive(uploads, upload, request, offset)
    return Response(status_code=204, headers={"Upload-Offset": str(reached), **_state_headers(upload)})


@router.delete(
    PREFIX + "/{upload_id}",
    status_code=204,
    dependencies=[Tus],
    responses={**problems(401, 403, 404, 429, 503), **_MORE},
    openapi_extra=document.SPOKEN,
)
async def end(core: CoreOf, creator: Writer, upload_id: Key) -> Response:
    """Drops an upload. What an accepted one was attached to keeps its file."""
    uploads = core.part(Uploads)
    upload = await run_in_threadpool(uploads.own, account_of(creator), upload_id)
    await run_in_threadpool(uploads.end, upload)
    return Response(status_code=204, headers=_TUS)


@router.get(PREFIX, responses=problems(401, 403, 422, 429, 503))
def all_uploads(core: CoreOf, creator: Writer, after: After = None, limit: Limit = 50) -> Page[UploadOut]:
    """One's own uploads, the oldest first."""
    uploads = core.part(Uploads)
    wanted = select(Upload).where(Upload.account_id == account_of(creator), Upload.id > (after or ""))
    with core.database.read() as session:
        rows = session.scalars(wanted.order_by(Upload.id).limit(limit + 1)).all()
    items = [_shown(uploads, row) for row in rows[:limit]]
    return Page[UploadOut](items=items, next=items[-1].id if len(rows) > limit else None)


@router.get(PREFIX + "/{upload_id}", responses=problems(401, 403, 404, 422, 429, 503))
def one_upload(core: CoreOf, creator: Writer, upload_id: Key) -> UploadOut:
    """How an upload stands, and why it was refused."""
    uploads = core.part(Uploads)
    return _shown(uploads, uploads.own(account_of(creator), upload_id))


def _shown(uploads: Uploads, upload: Upload) -> UploadOut:
    try:
        return upload_out(upload, uploads.offset(upload))
    except Problem:
        return upload_out(upload, 0)


def _state_headers(upload: Upload) -> dict[str, str]:
    return {**_TUS, "Upload-Expires": formatdate(upload.expires_ms / 1000, usegmt=True)}
