"""What the routes of accounts take and give."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from service.shapes import DeviceId, Name, Shape

AccountName = Annotated[str, StringConstraints(min_length=2, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Password = Annotated[str, StringConstraints(min_length=8, max_length=256)]
Proof = Annotated[str, StringConstraints(min_length=32, max_length=128, pattern=r"^[\x21-\x7e]+$")]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")]
ScopeName = Literal["sync", "account", "shows:read", "shows:write", "insight:read"]


class NewAccount(Shape):
    """What it takes to have an account."""

    kind: Literal["creator", "listener"]
    name: AccountName
    password: Password
    email: Email | None = None


class AccountShown(Shape):
    """An account as its owner sees it."""

    account_id: str
    kind: str
    name: str
    email: str | None
    created_ms: int


class SignIn(Shape):
    """Name and password for a token. Without ``scopes`` it is for all that the account may do."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    scopes: list[ScopeName] | None = None
    label: Name | None = None


class TokenMade(Shape):
    """A token's text, which is never shown again."""

    token: str
    token_id: str
    scopes: list[str]
    expires_ms: int


class TokenShown(Shape):
    """A token without its text."""

    token_id: str
    scopes: list[str]
    label: str | None
    device_id: str | None
    created_ms: int
    expires_ms: int


class NewDevice(Shape):
    """A device that wants to sync. ``proof`` is a secret of its own, with which it may ask for a token again."""

    device_id: DeviceId
    proof: Proof | None = None
    name: Name | None = None


class DeviceMade(TokenMade):
    """A device and the token that proves it."""

    device_id: str


class DeviceShown(Shape):
    """A device of one's own."""

    device_id: str
    name: str | None
    created_ms: int
