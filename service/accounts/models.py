"""Accounts, devices and tokens as they are kept. Tokens and passwords are kept as hashes only."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class Account(Base):
    """A creator or a listener."""

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("kind in ('creator', 'listener')", name="kind"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(64), unique=True)
    """What a person signs in with; in lower case."""
    email: Mapped[str | None] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(255))
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)
    """What lands as ``account_id``; random, so that it can be taken away from the person."""
    created_ms: Mapped[int] = mapped_column(BigInteger)
    erasure_asked_ms: Mapped[int | None] = mapped_column(BigInteger)


class Device(Base):
    """A player on somebody's device; without an account it is nobody's."""

    __tablename__ = "devices"

    device_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    proof_digest: Mapped[str | None] = mapped_column(String(64))
    """Of the secret with which the device may ask for another token."""
    name: Mapped[str | None] = mapped_column(String(128))
    created_ms: Mapped[int] = mapped_column(BigInteger)


class Token(Base):
    """A bearer token or a signed-in session, of an account, a device or both."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    device_id: Mapped[str | None] = mapped_column(ForeignKey("devices.device_id", ondelete="CASCADE"), index=True)
    scopes: Mapped[str] = mapped_column(String(255))
    """Words joined by a space."""
    label: Mapped[str | None] = mapped_column(String(128))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)
