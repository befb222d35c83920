"""Who looks at a page, and whether a form comes from one of our pages."""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from service.accounts.guards import find_principal
from service.accounts.signing_in import COOKIE
from service.accounts.tokens import Scope
from service.core import Core, core_of
from service.errors import Problem
from service.web.pages import SignInFirst

VISITOR_COOKIE = "podledger_visitor"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody at a page; ``csrf`` goes into every form of theirs."""

    core: Core
    csrf: str
    account_id: str
    name: str
    token: str


async def creator(request: Request) -> Visitor:
    """The creator who has signed in.

    Raises:
        SignInFirst: nobody has.
    """
    core = core_of(request)
    token = request.cookies.get(COOKIE, "")
    principal = await find_principal(request, token) if token else None
    if principal is None or principal.account_id is None or Scope.SHOWS_WRITE not in principal.scopes:
        raise SignInFirst
    core.limits["account"].take(f"account {principal.account_id}")
    return Visitor(core, csrf_token(core, token), principal.account_id, principal.name or "", token)


Creator = Annotated[Visitor, Depends(creator)]


def csrf_token(core: Core, secret: str) -> str:
    """What a form must bring that goes with this cookie; nobody else can know it."""
    return hmac.digest(core.secrets.key("csrf"), secret.encode(), sha256).hex()


def check_form(request: Request, expected: str, given: str) -> None:
    """Lets a form through that comes from a page of ours.

    Raises:
        Problem: 403, it does not.
    """
    origin = request.headers.get("origin")
    same_place = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not same_place or not hmac.compare_digest(expected.encode(), given.encode()):
        raise Problem(403, "foreign_form", "the form is out of date; go back, reload the page and send it again")


def begin_visit(request: Request) -> tuple[str, str | None]:
    """The CSRF token of somebody who has not signed in, and the secret to set as a cookie where they have none yet."""
    secret = request.cookies.get(VISITOR_COOKIE)
    if secret and len(secret) <= 64:
        return csrf_token(core_of(request), secret), None
    secret = secrets.token_urlsafe(24)
    return csrf_token(core_of(request), secret), secret


def visitor_csrf(request: Request) -> str:
    """What a form of somebody who has not signed in must bring; nothing fits where there is no cookie."""
    secret = request.cookies.get(VISITOR_COOKIE)
    return csrf_token(core_of(request), secret) if secret else secrets.token_hex(32)


def set_cookie(core: Core, response: Response, name: str, value: str, max_age_s: int) -> None:
    """A cookie that no script reads, no other site sends, and no plain connection carries where we are on https."""
    secure = core.settings.server.public_url.startswith("https://")
    response.set_cookie(name, value, max_age=max_age_s, path="/", httponly=True, samesite="lax", secure=secure)
