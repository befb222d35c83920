"""Uploads as they are kept; their bytes lie in the spool."""

from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class Upload(Base):
    """A file on its way in: received in pieces, checked when whole, then attached or refused."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("state in ('receiving', 'checking', 'accepted', 'refused')", name="state"),
        CheckConstraint("kind in ('audio', 'cover', 'transcript')", name="kind"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str | None] = mapped_column(String(32))
    """The episode (for a cover, the show) that takes it as soon as it is accepted."""
    name: Mapped[str] = mapped_column(String(255))
    """What the client called it; only ever shown, never a path."""
    metadata_: Mapped[dict[str, str]] = mapped_column("metadata", JSON)
    length: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), index=True)
    reasons: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger, index=True)
