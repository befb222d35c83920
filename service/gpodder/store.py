"""What is kept for gpodder clients. Everything is looked up by its owner."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.accounts.models import Account
from service.gpodder.actions import Action
from service.gpodder.models import GpodderAction, GpodderDevice, GpodderStamp, GpodderSubscription

MOST_ACTIONS = 5_000
DEVICE_TYPES = frozenset({"desktop", "laptop", "mobile", "server", "other"})


def next_stamp(session: Session, account_id: str, now_ms: int) -> int:
    """A stamp later than all before, whatever the clock says. The account's row is held until the commit."""
    row = session.get(GpodderStamp, account_id, with_for_update=True)
    if row is None:
        row = GpodderStamp(account_id=account_id, stamp=0)
        session.add(row)
    row.stamp = max(row.stamp + 1, now_ms // 1000)
    session.flush()
    return row.stamp


def newest_stamp(session: Session, account_id: str) -> int:
    """The stamp of the last change; 0 before the first."""
    return session.scalar(select(GpodderStamp.stamp).where(GpodderStamp.account_id == account_id)) or 0


def touch_device(session: Session, account_id: str, device: str) -> GpodderDevice:
    """The device, made where it is new."""
    row = session.get(GpodderDevice, (account_id, device))
    if row is None:
        row = GpodderDevice(account_id=account_id, device=device, caption=device, type="other")
        session.add(row)
    return row


def list_devices(session: Session, account_id: str) -> list[dict[str, Any]]:
    """The devices in the form clients expect."""
    counted = (
        select(GpodderSubscription.device, func.count().label("subscriptions"))
        .where(GpodderSubscription.account_id == account_id, GpodderSubscription.subscribed == 1)
        .group_by(GpodderSubscription.device)
        .subquery()
    )
    rows = session.execute(
        select(GpodderDevice, counted.c.subscriptions)
        .outerjoin(counted, counted.c.device == GpodderDevice.device)
        .where(GpodderDevice.account_id == account_id)
        .order_by(GpodderDevice.device)
    )
    return [
        {"id": row.device, "caption": row.caption, "type": row.type, "subscriptions": number or 0}
        for row, number in rows
    ]


def change_subscriptions(
    session: Session, account_id: str, device: str, add: Iterable[str], remove: Iterable[str], now_ms: int
) -> int:
    """Subscribes and unsubscribes a device; the stamp of the change."""
    stamp = next_stamp(session, account_id, now_ms)
    touch_device(session, account_id, device)
    for url, subscribed in [*((url, 1) for url in add), *((url, 0) for url in remove)]:
        row = session.get(GpodderSubscription, (account_id, device, url))
        if row is None and subscribed:
            session.add(GpodderSubscription(account_id=account_id, device=device, url=url, subscribed=1, stamp=stamp))
        elif row is not None and row.subscribed != subscribed:
            row.subscribed, row.stamp = subscribed, stamp
    return stamp


def changed_subscriptions(session: Session, account_id: str, device: str, since: int) -> tuple[list[str], list[str]]:
    """The feeds added and removed on a device after a stamp."""
    rows = session.scalars(
        select(GpodderSubscription)
        .where(
            GpodderSubscription.account_id == account_id,
            GpodderSubscription.device == device,
            GpodderSubscription.stamp > since,
        )
        .order_by(GpodderSubscription.stamp, GpodderSubscription.url)
    ).all()
    return [row.url for row in rows if row.subscribed], [row.url for row in rows if not row.subscribed]


def subscribed(session: Session, account_id: str, device: str | None) -> list[str]:
    """The feeds of one device or of all, each once."""
    wanted = select(GpodderSubscription.url).where(
        GpodderSubscription.account_id == account_id, GpodderSubscription.subscribed == 1
    )
    if device is not None:
        wanted = wanted.where(GpodderSubscription.device == device)
    return list(session.scalars(wanted.distinct().order_by(GpodderSubscription.url)))


def add_actions(session: Session, account_id: str, actions: Iterable[Action], now_ms: int) -> int:
    """Keeps the actions that are new; the stamp of the upload."""
    stamp = next_stamp(session, account_id, now_ms)
    for position, (digest, action) in enumerate({action.digest: action for action in actions}.items()):
        if session.get(GpodderAction, (account_id, digest)) is None:
            session.add(
                GpodderAction(
                    account_id=account_id,
                    digest=digest,
                    stamp=stamp,
                    position=position,
                    podcast=action.podcast,
                    episode=action.episode,
                    device=action.device,
                    action=action.text,
                )
            )
    return stamp


def changed_actions(
    session: Session, account_id: str, since: int, podcast: str | None, device: str | None
) -> tuple[list[dict[str, Any]], int]:
    """The actions that arrived after a stamp, oldest first, and the stamp to ask from next time.

    There may be more than are given at once; then that stamp is before theirs.
    """
    wanted = select(GpodderAction).where(GpodderAction.account_id == account_id, GpodderAction.stamp > since)
    if podcast is not None:
        wanted = wanted.where(GpodderAction.podcast == podcast)
    if device is not None:
        wanted = wanted.where(GpodderAction.device == device)
    ordered = wanted.order_by(GpodderAction.stamp, GpodderAction.position)
    rows = list(session.scalars(ordered.limit(MOST_ACTIONS + 1)))
    if len(rows) <= MOST_ACTIONS:
        return [json.loads(row.action) for row in rows], max(newest_stamp(session, account_id), since)
    whole = [row for row in rows if row.stamp < rows[-1].stamp]
    if not whole:  # one upload larger than a page: it is given all of one piece
        whole = list(session.scalars(wanted.where(GpodderAction.stamp == rows[0].stamp)))
    return [json.loads(row.action) for row in whole], whole[-1].stamp


def export(session: Session, account: Account) -> dict[str, Any]:
    """All that is kept for gpodder clients of one account."""
    rows = session.scalars(select(GpodderSubscription).where(GpodderSubscription.account_id == account.id))
    actions = select(GpodderAction).where(GpodderAction.account_id == account.id)
    return {
        "devices": list_devices(session, account.id),
        "subscriptions": [
            {"device": row.device, "url": row.url, "subscribed": row.subscribed, "stamp": row.stamp} for row in rows
        ],
        "actions": [
            json.loads(row.action)
            for row in session.scalars(actions.order_by(GpodderAction.stamp, GpodderAction.position))
        ],
    }
