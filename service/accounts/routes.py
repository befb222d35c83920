"""``/v1/accounts``, ``/v1/tokens``, ``/v1/devices``, ``/v1/account``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.accounts.bodies import (
    AccountShown,
    DeviceMade,
    DeviceShown,
    NewAccount,
    NewDevice,
    SignIn,
    TokenMade,
    TokenShown,
)
from service.accounts.export import export_account
from service.accounts.guards import account_of, needs, principal_if_any
from service.accounts.models import Account, Device, Token
from service.accounts.passwords import Passwords
from service.accounts.signing_in import create_account, sign_in
from service.accounts.tokens import SCOPES_OF_KIND, Minted, Principal, Scope, Tokens, digest, forget_ended, mint
from service.core import Core, core_of, limit_network
from service.errors import Problem
from service.network import plain_network
from service.shapes import After, DeviceId, Key, Limit, Page, problems

router = APIRouter(tags=["accounts"])

CoreOf = Annotated[Core, Depends(core_of)]
Owner = Annotated[Principal, Depends(needs(Scope.ACCOUNT))]


@asynccontextmanager
async def running(core: Core) -> AsyncIterator[None]:
    """Gives the others what accounts need at hand."""
    core.add_part(Passwords(core.settings.accounts))
    core.add_part(Tokens(core))
    await run_in_threadpool(forget_ended, core)
    yield


@router.post("/v1/accounts", status_code=201, responses=problems(400, 409, 413, 422, 429, 503))
def add_account(request: Request, core: CoreOf, given: NewAccount) -> AccountShown:
    """Makes an account."""
    limit_network(request, "register")
    return _shown(create_account(core, given.kind, given.name, given.password, given.email))


@router.post("/v1/tokens", status_code=201, responses=problems(400, 401, 403, 413, 422, 429, 503))
def add_token(request: Request, core: CoreOf, given: SignIn) -> TokenMade:
    """Signs in: a bearer token for a name and password."""
    host = "" if request.client is None else request.client.host
    account = sign_in(core, given.name, given.password, plain_network(host) or host)
    allowed = SCOPES_OF_KIND[account.kind]
    scopes = allowed if given.scopes is None else tuple(dict.fromkeys(map(Scope, given.scopes)))
    if not set(scopes) <= set(allowed):
        raise Problem(403, "wrong_scope", f"a {account.kind} may ask for {', '.join(one.value for one in allowed)}")
    with core.database.write() as session:
        days = core.settings.accounts.token_days
        made = mint(session, core.now_ms(), days, scopes, account_id=account.id, label=given.label)
    return TokenMade(**_token_members(made))


@router.get("/v1/tokens", responses=problems(401, 403, 422, 429, 503))
def list_tokens(core: CoreOf, owner: Owner, after: After = None, limit: Limit = 50) -> Page[TokenShown]:
    """One's own tokens that hold, by id."""
    wanted = select(Token).where(
        Token.account_id == account_of(owner), Token.revoked_ms.is_(None), Token.expires_ms > core.now_ms()
    )
    with core.database.read() as session:
        rows = session.scalars(wanted.where(Token.id > (after or "")).order_by(Token.id).limit(limit + 1)).all()
    shown = [
        TokenShown(
            token_id=row.id,
            scopes=row.scopes.split(),
            label=row.label,
            device_id=row.device_id,
            created_ms=row.created_ms,
            expires_ms=row.expires_ms,
        )
        for row in rows[:limit]
    ]
    return Page[TokenShown](items=shown, next=shown[-1].token_id if len(rows) > limit else None)


@router.delete("/v1/tokens/{token_id}", status_code=204, responses=problems(401, 403, 404, 422, 429, 503))
def revoke_token(core: CoreOf, owner: Owner, token_id: Key) -> None:
    """Ends a token of one's own at once."""
    tokens = core.part(Tokens)
    with core.database.write() as session:
        row = session.get(Token, token_id)
        if row is None or row.account_id != account_of(owner) or row.revoked_ms is not None:
            raise Problem(404, "no_token", "you have no such token")
        tokens.revoke(session, Token.id == row.id)
    tokens.forget()


@router.post(
    "/v1/devices",
    status_code=201,
    responses=problems(400, 401, 403, 409, 413, 422, 429, 503),
    openapi_extra={"security": [{}]},  # or none: a device may be nobody's
)
def add_device(
    request: Request,
    core: CoreOf,
    given: NewDevice,
    principal: Annotated[Principal | None, Depends(principal_if_any)],
) -> DeviceMade:
    """Registers a device, for the account of the bearer token or for nobody, and gives it a token of its own."""
    limit_network(request, "register")
    if principal is not None and Scope.SYNC not in principal.scopes:
        raise Problem(403, "wrong_scope", "only listeners have devices")
    account_id = None if principal is None else principal.account_id
    try:
        with core.database.write() as session:
            _claim_device(session, core, given, account_id)
            session.flush()
            days = core.settings.accounts.token_days
            made = mint(session, core.now_ms(), days, (Scope.SYNC,), account_id=account_id, device_id=given.device_id)
    except IntegrityError as error:
        raise _taken() from error
    return DeviceMade(device_id=given.device_id, **_token_members(made))


@router.get("/v1/devices", responses=problems(401, 403, 422, 429, 503))
def list_devices(core: CoreOf, owner: Owner, after: After = None, limit: Limit = 50) -> Page[DeviceShown]:
    """One's own devices, by id."""
    wanted = select(Device).where(Device.account_id == account_of(owner), Device.device_id > (after or ""))
    with core.database.read() as session:
        rows = session.scalars(wanted.order_by(Device.device_id).limit(limit + 1)).all()
    shown = [DeviceShown(device_id=row.device_id, name=row.name, created_ms=row.created_ms) for row in rows[:limit]]
    return Page[DeviceShown](items=shown, next=shown[-1].device_id if len(rows) > limit else None)


@router.delete("/v1/devices/{device_id}", status_code=204, responses=problems(401, 403, 404, 422, 429, 503))
def disconnect_device(core: CoreOf, owner: Owner, device_id: DeviceId) -> None:
    """Ends every token of a device of one's own; nobody else may take its id."""
    tokens = core.part(Tokens)
    with core.database.write() as session:
        row = session.get(Device, device_id)
        if row is None or row.account_id != account_of(owner):
            raise Problem(404, "no_device", "you have no such device")
        row.proof_digest = None
        tokens.revoke(session, Token.device_id == device_id)
    tokens.forget()


@router.get("/v1/account", responses=problems(401, 403, 429, 503))
def show_account(core: CoreOf, owner: Owner) -> AccountShown:
    """One's own account."""
    with core.database.read() as session:
        return _shown(session.get_one(Account, account_of(owner)))


@router.get("/v1/account/export", responses=problems(401, 403, 429, 503))
def export_own_data(core: CoreOf, owner: Owner) -> dict[str, Any]:
    """All that the service keeps of one, but what it keeps hashed."""
    with core.database.read() as session:
        return export_account(session, account_of(owner))


@router.post("/v1/account/erasure", status_code=202, responses=problems(401, 403, 429, 503))
def ask_for_erasure(core: CoreOf, owner: Owner) -> AccountShown:
    """Asks for one's data to be erased. All tokens end at once."""
    tokens = core.part(Tokens)
    with core.database.write() as session:
        account = session.get_one(Account, account_of(owner))
        account.erasure_asked_ms = account.erasure_asked_ms or core.now_ms()
        tokens.revoke(session, Token.account_id == account.id)
        shown = _shown(account)
    tokens.forget()
    return shown


def _claim_device(session: Session, core: Core, given: NewDevice, account_id: str | None) -> None:
    row = session.get(Device, given.device_id)
    if row is None:
        proof = None if given.proof is None else digest(given.proof)
        session.add(
            Device(
                device_id=given.device_id,
                account_id=account_id,
                proof_digest=proof,
                name=given.name,
                created_ms=core.now_ms(),
            )
        )
        return
    if given.proof is None or row.proof_digest != digest(given.proof) or row.account_id not in (None, account_id):
        raise _taken()
    row.account_id = account_id


def _taken() -> Problem:
    return Problem(409, "device_taken", "that device_id is registered; give its proof, or mint another device_id")


def _shown(account: Account) -> AccountShown:
    return AccountShown(
        account_id=account.id,
        kind=account.kind,
        name=account.name,
        email=account.email,
        created_ms=account.created_ms,
    )


def _token_members(made: Minted) -> dict[str, Any]:
    return {
        "token": made.token,
        "token_id": made.token_id,
        "scopes": [scope.value for scope in made.scopes],
        "expires_ms": made.expires_ms,
    }
