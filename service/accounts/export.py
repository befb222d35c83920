"""Everything of one account, for the person it is about."""

from importlib import import_module
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.accounts.models import Account, Device, Token

# Modules of other folders with `export(session, account)`, which gives a JSON object under its own name.
OTHERS: tuple[tuple[str, str], ...] = (
    ("gpodder", "service.gpodder.store"),
    ("catalogue", "service.catalog.export"),
)


def export_account(session: Session, account_id: str) -> dict[str, Any]:
    """A JSON object of all that is kept."""
    account = session.get_one(Account, account_id)
    devices = session.scalars(select(Device).where(Device.account_id == account_id).order_by(Device.device_id))
    tokens = session.scalars(select(Token).where(Token.account_id == account_id).order_by(Token.created_ms, Token.id))
    return {
        "account": _columns(account, without=("password_hash",)),
        "devices": [_columns(device, without=("proof_digest",)) for device in devices],
        "tokens": [_columns(token, without=("digest",)) for token in tokens],
        **{name: import_module(module).export(session, account) for name, module in OTHERS},
    }


def _columns(row: Any, without: tuple[str, ...]) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.name not in without}
