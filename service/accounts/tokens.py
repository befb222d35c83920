"""Bearer tokens: minted once, kept as hashes, looked up quickly, revoked at once."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from service.accounts.models import Account, Token
from service.core import Core

PREFIX = "pl_"
SECRET_BYTES = 32
REMEMBERED = 20_000
REMEMBERED_S = 30.0
DAY_MS = 86_400_000
ENDED_KEPT_DAYS = 30


class Scope(Enum):
    """What a token is for."""

    SYNC = "sync"
    ACCOUNT = "account"
    SHOWS_READ = "shows:read"
    SHOWS_WRITE = "shows:write"
    INSIGHT_READ = "insight:read"


SCOPES_OF_KIND = {
    "listener": (Scope.ACCOUNT, Scope.SYNC),
    "creator": (Scope.ACCOUNT, Scope.SHOWS_READ, Scope.SHOWS_WRITE, Scope.INSIGHT_READ),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for. ``account_id`` is the service's own id, ``pseudonym`` the one that lands."""

    token_id: str
    account_id: str | None
    pseudonym: str | None
    kind: str | None
    name: str | None
    device_id: str | None
    scopes: frozenset[Scope]
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token; its text is shown once and never kept."""

    token: str
    token_id: str
    scopes: tuple[Scope, ...]
    expires_ms: int


def new_id() -> str:
    """32 hex digits that nobody can guess."""
    return secrets.token_hex(16)


def digest(secret: str) -> str:
    """What is kept of a token: it is long and random, so that a plain hash is enough."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def mint(
    session: Session,
    now_ms: int,
    days: int,
    scopes: Iterable[Scope],
    *,
    account_id: str | None = None,
    device_id: str | None = None,
    label: str | None = None,
) -> Minted:
    """Adds a token for an account, a device or both."""
    minted = Minted(
        PREFIX + secrets.token_urlsafe(SECRET_BYTES), new_id(), tuple(scopes), expires_ms=now_ms + days * DAY_MS
    )
    session.add(
        Token(
            id=minted.token_id,
            digest=digest(minted.token),
            account_id=account_id,
            device_id=device_id,
            scopes=" ".join(scope.value for scope in minted.scopes),
            label=label,
            created_ms=now_ms,
            expires_ms=minted.expires_ms,
        )
    )
    return minted


class Tokens:
    """Looks tokens up, and remembers them for a moment. Whoever revokes one says so here, in the same process."""

    def __init__(self, core: Core) -> None:
        """Nothing is remembered yet."""
        self._core = core
        self._known: OrderedDict[str, tuple[Principal, float]] = OrderedDict()
        self._revocations = 0

    def remembered(self, token: str) -> Principal | None:
        """Who it speaks for, if that was asked a moment ago; never waits."""
        found = self._known.get(digest(token))
        if found is None or found[1] < time.monotonic() or found[0].expires_ms <= self._core.now_ms():
            return None
        return found[0]

    def find(self, token: str) -> Principal | None:
        """Who it speaks for; None for one that is unknown, expired or revoked. Asks the database."""
        key = digest(token)
        revocations = self._revocations
        with self._core.database.read() as session:
            row = session.execute(
                select(Token, Account).outerjoin(Account, Token.account_id == Account.id).where(Token.digest == key)
            ).one_or_none()
            principal = None if row is None else _principal(row[0], row[1], self._core.now_ms())
        # what was read before a revocation must not be remembered after it
        if principal is not None and revocations == self._revocations:
            self._known[key] = (principal, time.monotonic() + REMEMBERED_S)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return principal

    def revoke(self, session: Session, which: ColumnElement[bool]) -> int:
        """Ends the tokens that a condition on `Token` chooses; how many there were."""
        rows = session.scalars(select(Token).where(which, Token.revoked_ms.is_(None))).all()
        for row in rows:
            row.revoked_ms = self._core.now_ms()
        return len(rows)

    def forget(self) -> None:
        """Asks the database again for every token; call it after a revocation was committed."""
        self._revocations += 1
        self._known.clear()


def forget_ended(core: Core) -> None:
    """Deletes tokens that ended more than a month ago; until then an export names them.

    Not by the clock alone: one that is years ahead at a start would end every token for good. The newest token was made
    by then, so that much time has passed.
    """
    kept_ms = ENDED_KEPT_DAYS * DAY_MS
    with core.database.write() as session:
        newest_ms = session.scalar(select(func.max(Token.created_ms)))
        if newest_ms is not None:
            over = Token.expires_ms < min(core.now_ms(), newest_ms) - kept_ms
            session.execute(delete(Token).where(over))


def _principal(token: Token, account: Account | None, now_ms: int) -> Principal | None:
    if token.revoked_ms is not None or token.expires_ms <= now_ms:
        return None
    return Principal(
        token_id=token.id,
        account_id=token.account_id,
        pseudonym=None if account is None else account.pseudonym,
        kind=None if account is None else account.kind,
        name=None if account is None else account.name,
        device_id=token.device_id,
        scopes=frozenset(Scope(word) for word in token.scopes.split()),
        expires_ms=token.expires_ms,
    )
