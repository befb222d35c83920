"""What feeds need to remember: who is to be told, whose private feed it is, and what is being imported."""

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class Notice(Base):
    """Somebody to be told that a feed changed; kept until they say yes, or for good when they never do."""

    __tablename__ = "feed_notices"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    show_id: Mapped[str] = mapped_column(ForeignKey("shows.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    """``websub`` or ``podping``."""
    target: Mapped[str] = mapped_column(String(512))
    feed_url: Mapped[str] = mapped_column(String(512))
    due_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)
    """When to try next; None once it is done with."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    outcome: Mapped[str | None] = mapped_column(String(255))
    created_ms: Mapped[int] = mapped_column(BigInteger)


class Subscriber(Base):
    """Somebody's own feed of a private show. The token is kept as a digest, and shown once."""

    __tablename__ = "subscribers"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    show_id: Mapped[str] = mapped_column(ForeignKey("shows.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(128))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)


class Import(Base):
    """A foreign feed on its way in."""

    __tablename__ = "imports"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(String(2048))
    state: Mapped[str] = mapped_column(String(16), index=True)
    """``waiting``, ``running``, ``done`` or ``failed``."""
    show_id: Mapped[str | None] = mapped_column(String(32))
    total: Mapped[int] = mapped_column(Integer, default=0)
    brought: Mapped[int] = mapped_column(Integer, default=0)
    report: Mapped[str] = mapped_column(Text, default="")
    """One line an episode that could not be brought, with why."""
    created_ms: Mapped[int] = mapped_column(BigInteger)
