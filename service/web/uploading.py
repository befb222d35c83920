"""Forms with a file: it streams into the spool like a tus upload, and is checked like one."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from service.errors import Problem
from service.shapes import Key
from service.uploads.models import Upload
from service.uploads.service import Uploads, disk_full
from service.web.forms import FileForm
from service.web.pages import PageRoute, go_to
from service.web.sessions import Creator, Visitor, check_form

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PREFIX = "/studio/uploads"
_WRITE_BYTES = 1 << 20


@router.post(PREFIX + "/episodes/{episode_id}")
async def upload_audio(request: Request, visitor: Creator, episode_id: Key) -> Response:
    """An episode's audio, or a new version of it."""
    await _take_file(request, visitor, {"kind": "audio", "episode_id": episode_id})
    return go_to(f"/studio/episodes/{episode_id}")


@router.post(PREFIX + "/transcripts/{episode_id}")
async def upload_transcript(request: Request, visitor: Creator, episode_id: Key) -> Response:
    """An episode's transcript."""
    await _take_file(request, visitor, {"kind": "transcript", "episode_id": episode_id})
    return go_to(f"/studio/episodes/{episode_id}")


@router.post(PREFIX + "/covers/{show_id}")
async def upload_cover(request: Request, visitor: Creator, show_id: Key) -> Response:
    """A show's cover, checked while the creator waits."""
    upload = await _take_file(request, visitor, {"kind": "cover", "show_id": show_id})
    uploads = visitor.core.part(Uploads)
    await run_in_threadpool(uploads.check, upload)
    checked = await run_in_threadpool(uploads.own, visitor.account_id, upload.id)
    if checked.state == "refused":
        raise Problem(422, "refused", " ".join(reason["text"] for reason in checked.reasons))
    return go_to(f"/studio/shows/{show_id}")


async def _take_file(request: Request, visitor: Visitor, metadata: dict[str, str]) -> Upload:
    """Streams the form's file into an upload.

    Raises:
        Problem: the form is not one of ours, has no file, the file is too large, or the disk is full.
    """
    uploads = visitor.core.part(Uploads)
    names: list[str] = []

    def begin(fields: dict[str, str], filename: str) -> None:
        check_form(request, visitor.csrf, fields.get("csrf", ""))
        names.append(filename)

    form = FileForm(begin)
    form.open(request.headers.get("content-type", ""))
    announced = request.headers.get("content-length", "")
    most = uploads.most_bytes(metadata["kind"])
    length = min(int(announced), most) if announced.isdecimal() and len(announced) < 16 else most
    upload: Upload | None = None
    written = 0
    try:
        async for piece in request.stream():
            form.feed(piece)
            if upload is None and names:
                given = metadata | {"filename": names[0]}
                upload = await run_in_threadpool(uploads.begin, visitor.account_id, max(1, length), given)
            if upload is not None and sum(map(len, form.pieces)) >= _WRITE_BYTES:
                written = await _write(uploads, upload, written, form, most)
        if upload is None or not form.has_file:
            raise Problem(422, "no_file", "choose a file first")
        written = await _write(uploads, upload, written, form, most)
        if written == 0:
            raise Problem(422, "no_file", "choose a file first; the one that came is empty")
        await run_in_threadpool(_complete, uploads, upload, written)
        return upload
    except (Problem, ClientDisconnect) as error:
        if upload is not None:
            await run_in_threadpool(uploads.end, upload)
        if isinstance(error, Problem):
            raise
        raise Problem(400, "broken_off", "the file did not arrive whole; send it again") from error


async def _write(uploads: Uploads, upload: Upload, written: int, form: FileForm, most: int) -> int:
    content = b"".join(form.pieces)
    form.pieces.clear()
    if written + len(content) > most:
        raise Problem(413, "too_large", f"the file is too large; at most {most:,} bytes")
    try:
        await run_in_threadpool(uploads.spool.write, upload.id, written, content)
    except OSError as error:
        raise disk_full() from error
    return written + len(content)


def _complete(uploads: Uploads, upload: Upload, length: int) -> None:
    uploads.spool.sync(upload.id)
    with uploads.core.database.write() as session:
        kept = session.get_one(Upload, upload.id)
        kept.length, kept.state = length, "checking"
