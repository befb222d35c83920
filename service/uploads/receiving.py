"""Receiving pieces: written as they come, in step with the sender, and made durable before they are acknowledged."""

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from service.errors import Problem
from service.uploads import protocol
from service.uploads.models import Upload
from service.uploads.service import Uploads, disk_full

_busy: set[str] = set()


async def receive(uploads: Uploads, upload: Upload, request: Request, offset: int) -> int:
    """Takes the body as the piece of an upload at an offset; returns where the upload stands then.

    Raises:
        Problem: 409, the upload stands elsewhere or is complete; 413, the body goes beyond its end; 423, somebody else
            is sending to it; 460, the checksum is wrong and the piece was dropped; 503, the disk is full.
    """
    try:
        checksum = protocol.read_checksum(request.headers.get("upload-checksum"))
    except protocol.BadHeader as error:
        raise Problem(400, "wrong_header", str(error)) from error
    if upload.id in _busy:
        raise Problem(423, "busy", "another request is sending to this upload; ask for its offset and try again")
    _busy.add(upload.id)
    try:
        stands = await run_in_threadpool(uploads.offset, upload)
        if upload.state != "receiving" or offset != stands:
            headers = {"Upload-Offset": str(stands), "Tus-Resumable": protocol.VERSION}
            raise Problem(409, "wrong_offset", f"the upload stands at {stands}; go on from there", headers=headers)
        reached = await _write_body(uploads, upload, request, offset, drop_when_broken=checksum is not None)
        if checksum and not await run_in_threadpool(uploads.spool.matches, upload.id, offset, checksum):
            await run_in_threadpool(uploads.spool.cut, upload.id, offset)
            status = protocol.STATUS_CHECKSUM_MISMATCH
            raise Problem(status, "wrong_checksum", f"the piece arrived damaged; send it again from {offset}")
        await run_in_threadpool(uploads.spool.sync, upload.id)
        if reached == upload.length:
            await run_in_threadpool(uploads.complete, upload)
        return reached
    except FileNotFoundError as error:
        raise Problem(410, "upload_gone", "the upload was ended; begin a new one") from error
    finally:
        _busy.discard(upload.id)


async def _write_body(
    uploads: Uploads, upload: Upload, request: Request, offset: int, *, drop_when_broken: bool
) -> int:
    """Writes what comes; of a body that breaks off, what came stays, unless only the whole could be verified.

    Nothing is gathered here: who sends slowly, or no more, is never behind what came. Of who sends fast the server
    gathers while a piece is written, so that pieces grow by themselves.
    """
    reached = offset
    try:
        async for piece in request.stream():
            if reached + len(piece) > upload.length:
                raise Problem(413, "too_long", f"the upload has {upload.length} bytes and this goes beyond them")
            reached = await _write(uploads, upload.id, reached, piece)
        return reached
    except ClientDisconnect as error:
        if drop_when_broken:
            await run_in_threadpool(uploads.spool.cut, upload.id, offset)
        raise Problem(400, "broken_off", "the body broke off; ask for the offset and go on from there") from error
    except Problem:
        await run_in_threadpool(uploads.spool.cut, upload.id, offset)
        raise


async def _write(uploads: Uploads, upload_id: str, offset: int, piece: bytes) -> int:
    try:
        await run_in_threadpool(uploads.spool.write, upload_id, offset, piece)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise disk_full() from error
    return offset + len(piece)
