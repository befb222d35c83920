"""Making accounts and signing in, for the API, the pages and the dialects alike."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from service.accounts.models import Account, Token
from service.accounts.passwords import Passwords
from service.accounts.tokens import SCOPES_OF_KIND, Minted, Tokens, mint, new_id
from service.core import Core
from service.errors import Problem

SESSION = "session"
COOKIE = "podledger_session"


def create_account(core: Core, kind: str, name: str, password: str, email: str | None = None) -> Account:
    """A new account. Call it from a thread: a password takes its time.

    Raises:
        Problem: 409, the name is taken.
    """
    account = Account(
        id=new_id(),
        kind=kind,
        name=name.lower(),
        email=email,
        password_hash=core.part(Passwords).hash(password),
        pseudonym=f"a{new_id()[1:]}",
        created_ms=core.now_ms(),
    )
    try:
        with core.database.write() as session:
            session.add(account)
    except IntegrityError as error:
        raise Problem(409, "name_taken", "somebody has that name already; choose another") from error
    return account


def sign_in(core: Core, name: str, password: str, network: str) -> Account:
    """The account of that name and password. Call it from a thread.

    Raises:
        Problem: 401 when there is none such, 429 after too many failures of this network or on this name.
    """
    allowance = core.limits["sign_in"]
    keys = (f"network {network}", f"name {name.lower()[:64]}")
    for key in keys:
        if allowance.wait_s(key) > 0:
            allowance.take(key)
    with core.database.read() as session:
        account = session.scalars(select(Account).where(Account.name == plain_name(name))).one_or_none()
    kept = None if account is None or account.erasure_asked_ms is not None else account.password_hash
    if not core.part(Passwords).is_right(password, kept) or account is None:
        for key in keys:
            allowance.take(key)
        raise Problem(401, "wrong_password", "there is no account of that name and password")
    return account


def plain_name(name: str) -> str:
    """The name as it is kept; one that no database could hold is nobody's."""
    lower = name.lower()
    return lower if lower.isprintable() and len(lower) <= 64 else ""


def open_session(core: Core, account: Account) -> Minted:
    """A token for a cookie named `COOKIE`, with all scopes of the account's kind."""
    with core.database.write() as session:
        return mint(
            session,
            core.now_ms(),
            core.settings.accounts.session_days,
            SCOPES_OF_KIND[account.kind],
            account_id=account.id,
            label=SESSION,
        )


def close_session(core: Core, token: str) -> None:
    """Ends the session of a cookie; nothing happens to one that is over."""
    tokens = core.part(Tokens)
    principal = tokens.find(token)
    if principal is not None:
        with core.database.write() as session:
            tokens.revoke(session, Token.id == principal.token_id)
        tokens.forget()
