"""Signing up, in and out."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import ValidationError

from service.accounts.bodies import NewAccount
from service.accounts.signing_in import COOKIE, close_session, create_account, open_session, sign_in
from service.core import Core, core_of, limit_network
from service.errors import Problem
from service.network import plain_network
from service.web.forms import faults_of, read_form
from service.web.pages import PageRoute, go_to, page
from service.web.sessions import VISITOR_COOKIE, Creator, begin_visit, check_form, set_cookie, visitor_csrf

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_VISIT_S = 7200
_DAY_S = 86_400


@router.get("/")
@router.head("/")
def home() -> Response:
    """The studio."""
    return go_to("/studio")


@router.get("/studio/sign-up")
def sign_up_form(request: Request) -> Response:
    """The form for a new account."""
    return _form(request, "sign_up.html", {}, {})


@router.post("/studio/sign-up")
async def sign_up(request: Request) -> Response:
    """Makes the account and signs in."""
    core, form = core_of(request), await read_form(request)
    check_form(request, visitor_csrf(request), form.get("csrf", ""))
    given = {name: form.get(name, "") or None for name in ("name", "password", "email")}
    try:
        wanted = NewAccount(
            kind="creator", name=given["name"] or "", password=given["password"] or "", email=given["email"]
        )
        limit_network(request, "register")
        await run_in_threadpool(create_account, core, "creator", wanted.name, wanted.password, wanted.email)
    except ValidationError as error:
        return _form(request, "sign_up.html", form, _in_words(faults_of(error)), 422)
    except Problem as problem:
        if problem.code != "name_taken":
            raise
        return _form(request, "sign_up.html", form, {"name": "Somebody has that name already; choose another."}, 409)
    return await _enter(request, core, wanted.name, wanted.password)


@router.get("/studio/sign-in")
def sign_in_form(request: Request) -> Response:
    """The form for name and password."""
    return _form(request, "sign_in.html", {}, {})


@router.post("/studio/sign-in")
async def enter(request: Request) -> Response:
    """Signs in."""
    core, form = core_of(request), await read_form(request)
    check_form(request, visitor_csrf(request), form.get("csrf", ""))
    try:
        return await _enter(request, core, form.get("name", ""), form.get("password", ""))
    except Problem as problem:
        if problem.code != "wrong_password":
            raise
        return _form(request, "sign_in.html", form, {"name": "There is no account of that name and password."}, 401)


@router.post("/studio/sign-out")
async def leave(request: Request, visitor: Creator) -> Response:
    """Ends the session."""
    form = await read_form(request)
    check_form(request, visitor.csrf, form.get("csrf", ""))
    await run_in_threadpool(close_session, visitor.core, visitor.token)
    answer = go_to("/studio/sign-in")
    answer.delete_cookie(COOKIE, path="/")
    return answer


async def _enter(request: Request, core: Core, name: str, password: str) -> Response:
    host = "" if request.client is None else request.client.host
    account = await run_in_threadpool(sign_in, core, name, password, plain_network(host) or host)
    if account.kind != "creator":
        raise Problem(403, "no_creator", "this account is a listener's; sign up as a creator")
    session = await run_in_threadpool(open_session, core, account)
    answer = go_to("/studio")
    set_cookie(core, answer, COOKIE, session.token, core.settings.accounts.session_days * _DAY_S)
    return answer


def _form(
    request: Request, template: str, values: dict[str, Any], faults: dict[str, str], status: int = 200
) -> Response:
    csrf, fresh = begin_visit(request)
    kept = {name: values.get(name, "") for name in ("name", "email")}
    answer = page(template, status, csrf=csrf, values=kept, faults=faults)
    if fresh is not None:
        set_cookie(core_of(request), answer, VISITOR_COOKIE, fresh, _VISIT_S)
    return answer


def _in_words(faults: dict[str, str]) -> dict[str, str]:
    known = {
        "name": "2 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or digit.",
        "password": "At least 8 characters.",
        "email": "This is no e-mail address.",
    }
    return {name: known.get(name, text) for name, text in faults.items()}
