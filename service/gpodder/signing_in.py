"""Who a gpodder client is: Basic with a realm, and from then on a session cookie."""

import base64
import binascii
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi.security import HTTPBasic
from sqlalchemy.orm import Session

from service.accounts.guards import find_principal
from service.accounts.models import Account
from service.accounts.signing_in import sign_in
from service.accounts.tokens import Principal, Scope, mint
from service.core import Core, core_of
from service.errors import Problem
from service.network import plain_network

COOKIE = "sessionid"
LABEL = "gpodder"
REMEMBERED = 10_000
REMEMBERED_S = 600.0


class Sessions:
    """Sessions of clients that send their password with every request and no cookie: one session for all of them."""

    def __init__(self, key: bytes) -> None:
        """``key`` hides passwords in memory."""
        self._key = key
        self._known: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    def token(self, name: str, password: str) -> str | None:
        """The token of the session that these opened a while ago."""
        found = self._known.get(self._digest(name, password))
        return found[0] if found is not None and found[1] > time.monotonic() else None

    def remember(self, name: str, password: str, token: str) -> None:
        """Keeps a session for the next request."""
        self._known[self._digest(name, password)] = (token, time.monotonic() + REMEMBERED_S)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _digest(self, name: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{name}\n{password}".encode("utf-8", "surrogatepass"), sha256)


@dataclass(frozen=True, slots=True)
class Client:
    """Who is asking. ``token`` is a session's, of which the client may not have the cookie yet."""

    account_id: str
    pseudonym: str
    token: str
    needs_cookie: bool

    def welcome(self, response: Response, core: Core) -> None:
        """Gives the client its cookie, so that it need not send a password again."""
        if self.needs_cookie:
            response.set_cookie(
                COOKIE,
                self.token,
                max_age=core.settings.accounts.session_days * 86_400,
                httponly=True,
                samesite="strict",
                secure=core.settings.server.public_url.startswith("https:"),
            )


basic = HTTPBasic(auto_error=False, realm="podledger", description="A listener's name and password; then the cookie.")


async def client_of(
    request: Request, response: Response, username: str, _documented: Annotated[object, Depends(basic)] = None
) -> Client:
    """The client of a request to paths of ``username``; for `Depends`.

    Raises:
        Problem: 401 with the challenge clients wait for, 403 where the path is somebody else's.
    """
    core = core_of(request)
    token = request.cookies.get(COOKIE)
    principal = None if token is None else await find_principal(request, token)
    if token is None or principal is None or not _is(principal, username):
        token, principal = await _by_password(request, core)
        if not _is(principal, username):
            raise Problem(403, "wrong_user", "the path is somebody else's")
    assert principal.account_id is not None
    assert principal.pseudonym is not None
    core.limits["account"].take(f"account {principal.account_id}")
    client = Client(principal.account_id, principal.pseudonym, token, token != request.cookies.get(COOKIE))
    client.welcome(response, core)
    return client


def _is(principal: Principal, username: str) -> bool:
    return Scope.SYNC in principal.scopes and principal.name is not None and principal.name == username.lower()


async def _by_password(request: Request, core: Core) -> tuple[str, Principal]:
    name, password = _credentials(request.headers.get("authorization", ""))
    sessions = core.part(Sessions)
    known = sessions.token(name, password)
    principal = None if known is None else await find_principal(request, known)
    if known is not None and principal is not None:
        return known, principal
    host = "" if request.client is None else request.client.host
    token = await run_in_threadpool(_open, core, name, password, plain_network(host) or host)
    principal = await find_principal(request, token)
    assert principal is not None
    sessions.remember(name, password, token)
    return token, principal


def _open(core: Core, name: str, password: str, network: str) -> str:
    try:
        account = sign_in(core, name, password, network)
    except Problem as problem:
        if problem.status_code == 401:
            raise _challenge() from problem
        raise
    with core.database.write() as session:
        return _session_of(session, core, account)


def _session_of(session: Session, core: Core, account: Account) -> str:
    days = core.settings.accounts.session_days
    return mint(session, core.now_ms(), days, (Scope.SYNC,), account_id=account.id, label=LABEL).token


def _credentials(header: str) -> tuple[str, str]:
    kind, _, text = header.partition(" ")
    if kind.lower() != "basic":
        raise _challenge()
    try:
        name, colon, password = base64.b64decode(text.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _challenge() from error
    if not colon or not name or not password or len(password) > 256:
        raise _challenge()
    return name, password


def _challenge() -> Problem:
    return Problem(
        401, "unauthorized", "give name and password", headers={"WWW-Authenticate": 'Basic realm="podledger"'}
    )
