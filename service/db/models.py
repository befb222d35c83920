"""Which modules declare models: what migrations are compared with."""

from importlib import import_module

from sqlalchemy import MetaData

from service.db.base import Base

MODULES = (
    "service.accounts.models",
    "service.gpodder.models",
    "service.catalog.models",
    "service.feeds.models",
    "service.uploads.models",
)


def all_tables() -> MetaData:
    """The tables of all models."""
    for module in MODULES:
        import_module(module)
    return Base.metadata
