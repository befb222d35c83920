"""All pages, and their style."""

from fastapi import APIRouter
from fastapi.responses import Response

from service.limits import BodyLimit
from service.settings import Settings
from service.web import episode_pages, show_pages, signing, uploading
from service.web.pages import ICON, STYLE

router = APIRouter(include_in_schema=False)


@router.get("/studio/style.css")
def style() -> Response:
    """The style of all pages; its address changes with it."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(STYLE, media_type="text/css", headers=headers)


@router.get("/studio/icon.svg")
def icon() -> Response:
    """The icon of all pages."""
    headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Response(ICON, media_type="image/svg+xml", headers=headers)


for pages in (signing, show_pages, episode_pages, uploading):
    router.include_router(pages.router)


def body_limits(_settings: Settings) -> list[BodyLimit]:
    """The upload pages see to their limits themselves."""
    return [BodyLimit(uploading.PREFIX, None, None)]
