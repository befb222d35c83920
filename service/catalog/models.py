"""Shows, episodes and the versions of their media, as they are kept."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class Show(Base):
    """A show. Its feed address (``slug``), its guid and whether it is private never change."""

    __tablename__ = "shows"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    guid: Mapped[str] = mapped_column(String(36))
    title: Mapped[str] = mapped_column(String(255))
    private: Mapped[bool] = mapped_column(Boolean)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What else a feed says of it: the fields of `service.catalog.shapes.ShowDetails`."""
    cover: Mapped[str | None] = mapped_column(String(255))
    """Its object's name in the media store."""
    created_ms: Mapped[int] = mapped_column(BigInteger)
    feed_wanted: Mapped[int] = mapped_column(Integer, default=0)
    """Grows with every change that its feed, or a line of the catalogue, must show: `service.catalog.changes`."""
    feed_done: Mapped[int] = mapped_column(Integer, default=0)
    """What the feed shows: when it is less than wanted, the feed is made anew."""


class Episode(Base):
    """An episode of a show. ``guid`` never changes once it was published."""

    __tablename__ = "episodes"
    __table_args__ = (
        CheckConstraint("status in ('draft', 'scheduled', 'published', 'withdrawn')", name="status"),
        Index("ix_episodes_show_id_published_ms", "show_id", "published_ms"),
        Index("ix_episodes_show_id_touched", "show_id", "touched"),
        Index("uq_episodes_show_id_guid", "show_id", "guid", unique=True),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    show_id: Mapped[str] = mapped_column(ForeignKey("shows.id", ondelete="CASCADE"))
    guid: Mapped[str] = mapped_column(String(512))
    guid_is_link: Mapped[bool] = mapped_column(Boolean, default=False)
    title: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(16), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The fields of `service.catalog.shapes.EpisodeDetails`."""
    media_id: Mapped[str | None] = mapped_column(String(32))
    """The version of its file in force."""
    files: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Objects beside the audio: ``chapters``, ``image``, ``transcripts``."""
    publish_at_ms: Mapped[int | None] = mapped_column(BigInteger, index=True)
    published_ms: Mapped[int | None] = mapped_column(BigInteger)
    withdrawn_ms: Mapped[int | None] = mapped_column(BigInteger)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    fragment: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Its piece of the feed; None until it is made, and again when it changes."""
    fragment_version: Mapped[int] = mapped_column(Integer, default=0)
    touched: Mapped[int] = mapped_column(Integer, default=0)
    """Its show's ``feed_wanted`` when it last changed while anybody could know of it."""


class Media(Base):
    """A version of an episode's file, as it was measured; it never changes, and its address is its own."""

    __tablename__ = "media"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    episode_id: Mapped[str] = mapped_column(ForeignKey("episodes.id", ondelete="CASCADE"), index=True)
    path: Mapped[str] = mapped_column(String(255), unique=True)
    """``m/<show>/<name>``: as the catalogue and the access logs write it."""
    bytes: Mapped[int] = mapped_column(BigInteger)
    header_bytes: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    from_ms: Mapped[int | None] = mapped_column(BigInteger)
    """Since when it is served; None until its episode is published."""
    created_ms: Mapped[int] = mapped_column(BigInteger)


class IdempotencyKey(Base):
    """What was answered under a client's key, to answer it again."""

    __tablename__ = "idempotency_keys"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int] = mapped_column(BigInteger, index=True)
