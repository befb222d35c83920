"""Private files for those who may have them, and signed objects for nginx where media lie in object storage."""

import hmac
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path
from fastapi.responses import RedirectResponse, Response

from service.core import Core, core_of
from service.edge.links import signed_path
from service.edge.serving import link_secret
from service.errors import Problem, try_later
from service.feeds.private import find_subscriber
from service.media.files import Files
from service.media.store import MediaBucket, MediaStore
from service.shapes import problems

router = APIRouter(tags=["media"])

CoreOf = Annotated[Core, Depends(core_of)]
Token = Annotated[str, Path(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Segment = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
_SIGNED_S = 900


_PATH = "/m/private/{token}/{show_id}/{name}"


@router.get(_PATH, status_code=302, response_class=RedirectResponse, responses=problems(404, 422, 503))
@router.head(_PATH, include_in_schema=False)
def exchange_token(core: CoreOf, token: Token, show_id: Segment, name: Segment) -> RedirectResponse:
    """Exchanges a subscriber's token for a short signed path, at which nginx serves the file for a few minutes."""
    with core.database.read() as session:
        found = find_subscriber(session, token)
    if found is None or found[1].id != show_id:
        raise Problem(404, "no_file", "there is no such file, or the subscription has ended")
    expires_s = int(time.time()) + core.settings.media.link_s
    path = signed_path(f"{show_id}/{name}", link_secret(core.secrets), expires_s)
    return RedirectResponse(path, 302, {"Cache-Control": "private, no-store"})


@router.get("/internal/signed-object", include_in_schema=False)
def sign_object(
    core: CoreOf, x_object: Annotated[str, Header()] = "", x_edge_key: Annotated[str, Header()] = ""
) -> Response:
    """For nginx alone: where in object storage it may fetch an object, for a quarter of an hour."""
    store: MediaStore = core.part(Files).store
    if not hmac.compare_digest(x_edge_key.encode(), link_secret(core.secrets).encode()) or not x_object:
        raise Problem(404, "no_file", "there is no such file")
    if not isinstance(store, MediaBucket):
        raise try_later("no_bucket", "media do not lie in object storage here")
    return Response(status_code=200, headers={"X-Signed-Path": store.signed(x_object, _SIGNED_S)})
