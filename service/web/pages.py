"""Rendering pages, and the headers that keep browsers from doing what no page of ours does."""

import hashlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from service.errors import Problem, as_away

_HERE = Path(__file__).parent
SIGN_IN = "/studio/sign-in"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STYLE = (_HERE / "static" / "style.css").read_bytes()
ICON = (_HERE / "static" / "icon.svg").read_bytes()
STYLE_TAG = hashlib.sha256(STYLE).hexdigest()[:16]


class SignInFirst(Exception):
    """The page is for somebody who has signed in."""


def _instant(at_ms: int | None) -> str:
    if at_ms is None:
        return ""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%-d %b %Y, %H:%M} UTC"


def _clock(ms: int) -> str:
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"


_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(instant=_instant, clock=_clock, megabytes=_megabytes)
_templates.globals["style_tag"] = STYLE_TAG


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page; ``csrf`` and ``name`` are wanted by all of them and may be missing where nobody signed in."""
    text = _templates.get_template(template).render({"csrf": "", "name": None, **values})
    return HTMLResponse(text, status, HEADERS)


def go_to(place: str) -> RedirectResponse:
    """On to a page, by GET, after a form was sent."""
    return RedirectResponse(place, 303, HEADERS)


class PageRoute(APIRoute):
    """A route whose failures are pages too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wraps the framework's own."""
        answer = super().get_route_handler()

        async def answer_with_page(request: Request) -> Response:
            try:
                return await answer(request)
            except SignInFirst:
                return go_to(SIGN_IN)
            except RequestValidationError:
                return _sorry(404, "There is nothing at this address.")
            except HTTPException as error:
                headers = error.headers if isinstance(error, Problem) else None
                return _sorry(error.status_code, str(error.detail), headers)
            except Exception as error:
                problem = as_away(error)
                if problem is None:
                    raise
                return _sorry(problem.status_code, str(problem.detail), problem.headers)

        return answer_with_page


def _sorry(status: int, detail: str, headers: Any = None) -> Response:
    said = detail[:1].upper() + detail[1:]
    answer = page("sorry.html", status, title="That did not work", detail=said if said.endswith(".") else f"{said}.")
    answer.headers.update(headers or {})
    return answer
