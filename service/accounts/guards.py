"""Dependencies of routes: who is asking, and whether they may."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.accounts.tokens import Principal, Scope, Tokens
from service.core import core_of
from service.errors import Problem

MOST_TOKEN_CHARS = 256

bearer = HTTPBearer(auto_error=False, description="A token from `/v1/tokens` or `/v1/devices`.")
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def find_principal(request: Request, token: str) -> Principal | None:
    """Who a token speaks for; None for one that does not hold."""
    if len(token) > MOST_TOKEN_CHARS:
        return None
    tokens = core_of(request).part(Tokens)
    return tokens.remembered(token) or await run_in_threadpool(tokens.find, token)


async def principal_if_any(request: Request, given: Given) -> Principal | None:
    """Who is asking; None for nobody in particular.

    Raises:
        Problem: 401, a token was given and it does not hold.
    """
    if given is None:
        if "authorization" in request.headers:
            raise unauthorized()
        return None
    principal = await find_principal(request, given.credentials)
    if principal is None:
        raise unauthorized()
    return principal


def needs(scope: Scope) -> Callable[..., Awaitable[Principal]]:
    """A dependency: the principal of the request's bearer token, which must be for ``scope``."""

    async def principal(request: Request, found: Annotated[Principal | None, Depends(principal_if_any)]) -> Principal:
        if found is None:
            raise unauthorized()
        if scope not in found.scopes:
            raise Problem(403, "wrong_scope", f"the token is not for {scope.value!r}; get one that is from /v1/tokens")
        if found.account_id is not None and scope is not Scope.SYNC:
            core_of(request).limits["account"].take(f"account {found.account_id}")
        return found

    return principal


def unauthorized() -> Problem:
    """401 for a bearer token that is missing or does not hold."""
    return Problem(
        401, "unauthorized", "give a bearer token that holds", headers={"WWW-Authenticate": 'Bearer realm="podledger"'}
    )


def account_of(principal: Principal) -> str:
    """The account a principal acts for.

    Raises:
        Problem: 403, the token is a device's that belongs to nobody.
    """
    if principal.account_id is None:
        raise Problem(403, "no_account", "the token is a device's without an account; sign in with one")
    return principal.account_id
