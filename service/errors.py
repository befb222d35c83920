"""What goes wrong, as problem documents (RFC 9457): what happened and what to do, never how the inside looks."""

import errno
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
FAULTS_SHOWN = 20
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
# What PostgreSQL says of itself, not of what it was asked: connections, lost races, resources, an operator at work, the
# system; and a server that only reads (appendix A of its manual).
_DATABASE_CLASSES, _DATABASE_READ_ONLY = ("08", "40", "53", "57", "58"), "25006"

log = logging.getLogger(__name__)


class Problem(HTTPException):
    """Ends a request. ``code`` is a word a program may branch on; ``detail`` tells a person what to do."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        """``members`` are further members of the document, such as ``errors``."""
        super().__init__(status, detail, dict(headers or {}))
        self.code = code
        self.members = members


def try_later(code: str, detail: str, seconds: float = RETRY_AFTER_S, status: int = 503) -> Problem:
    """The problem of a client that may come again unchanged, after so many seconds."""
    return Problem(status, code, detail, headers={"Retry-After": str(max(1, round(seconds)))})


def as_away(error: Exception) -> Problem | None:
    """503 for what failed because the database or the disk cannot do its work now; None for anything else."""
    if isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and _is_database_away(error)):
        return try_later("database_away", "the service cannot reach its database; try again later")
    if isinstance(error, OSError) and error.errno in _DISK:
        return try_later("disk_full", "the service cannot write to its disk just now; try again later", 60)
    return None


def _is_database_away(error: DBAPIError) -> bool:
    if isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated:
        return True
    said = error.orig.args[0] if error.orig is not None and error.orig.args else None
    state = str(said.get("C", "")) if isinstance(said, dict) else ""
    return state.startswith(_DATABASE_CLASSES) or state == _DATABASE_READ_ONLY


def problem_response(problem: Problem) -> Response:
    """The problem as an answer."""
    document = {
        "type": f"urn:podledger:problem:{problem.code}",
        "title": _title(problem.status_code),
        "status": problem.status_code,
        "detail": problem.detail,
        **problem.members,
    }
    return JSONResponse(document, problem.status_code, problem.headers, MEDIA_TYPE)


def _title(status: int) -> str:
    """The phrase of a status; protocols over HTTP have some of their own."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Refused"


def add_error_answers(app: FastAPI) -> None:
    """Every failure of a route ends in a problem document."""
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    for away in (DBAPIError, PoolTimeout, OSError):
        app.add_exception_handler(away, _answer_away)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, _answer_unexpected)


async def _answer_http(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return problem_response(error)
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_here(request)) or headers.get("Allow", "")
    return problem_response(Problem(error.status_code, code, str(error.detail), headers=headers))


def _methods_here(request: Request) -> list[str]:
    """Every method of every route at this path; the framework itself names those of the first route alone."""
    from starlette.routing import Match, Route

    scope = dict(request.scope)
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    found = {name for route in routes if route.matches(scope)[0] != Match.NONE for name in route.methods or ()}
    return sorted(found)


async def _answer_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"where": [_plain(part) for part in fault["loc"]], "what": _plain(fault["msg"])}
        for fault in error.errors()[:FAULTS_SHOWN]
    ]
    if any(fault["type"] == "json_invalid" for fault in error.errors()):
        return problem_response(Problem(400, "unreadable", "the body is no JSON text", errors=faults))
    return problem_response(Problem(422, "invalid", "mend what `errors` names and send it again", errors=faults))


def _plain(text: object) -> str:
    """Text that can be sent: what clients name may hold what UTF-8 cannot."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


async def _answer_away(_request: Request, error: Exception) -> Response:
    problem = as_away(error)
    if problem is None:
        raise error
    log.warning("%s: %s", problem.code, type(error).__name__)
    return problem_response(problem)


async def _answer_nobody(_request: Request, _error: Exception) -> Response:
    return problem_response(Problem(400, "cut_off", "the connection ended in the middle of the body"))


async def _answer_unexpected(_request: Request, error: Exception) -> Response:
    log.error("unexpected failure: %s; its trace follows", type(error).__name__)
    return problem_response(Problem(500, "unexpected", "the service failed at this; its operators find why in its log"))
