"""What gpodder clients share among one person's devices."""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base

OWNER = "accounts.id"


class GpodderStamp(Base):
    """The newest arrival of an account. Stamps look like Unix seconds and grow with every upload."""

    __tablename__ = "gpodder_stamps"

    account_id: Mapped[str] = mapped_column(ForeignKey(OWNER, ondelete="CASCADE"), primary_key=True)
    stamp: Mapped[int] = mapped_column(BigInteger)


class GpodderDevice(Base):
    """A device as its owner named it."""

    __tablename__ = "gpodder_devices"

    account_id: Mapped[str] = mapped_column(ForeignKey(OWNER, ondelete="CASCADE"), primary_key=True)
    device: Mapped[str] = mapped_column(String(64), primary_key=True)
    caption: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(16))


class GpodderSubscription(Base):
    """A feed on a device; one that was removed stays with ``subscribed`` 0, so that others hear of it."""

    __tablename__ = "gpodder_subscriptions"

    account_id: Mapped[str] = mapped_column(ForeignKey(OWNER, ondelete="CASCADE"), primary_key=True)
    device: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str] = mapped_column(String(1024), primary_key=True)
    subscribed: Mapped[int] = mapped_column(Integer)
    stamp: Mapped[int] = mapped_column(BigInteger)


class GpodderAction(Base):
    """An episode action, once however often it was sent."""

    __tablename__ = "gpodder_actions"
    __table_args__ = (Index("ix_gpodder_actions_stamp", "account_id", "stamp"),)

    account_id: Mapped[str] = mapped_column(ForeignKey(OWNER, ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    stamp: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(Integer)
    """Its place in the upload."""
    podcast: Mapped[str] = mapped_column(String(1024))
    episode: Mapped[str] = mapped_column(String(1024))
    device: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(Text)
    """JSON, in the form that every client reads."""
