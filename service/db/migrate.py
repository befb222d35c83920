"""Brings the tables up to date; safe to call at every start, by several at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from service.db.database import Database

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
LOCK = 8_470_001  # any number, as long as nobody else in that database takes it


def migrate(database: Database) -> None:
    """Applies every migration that the database lacks, all or none of each."""
    engine = database.engine.execution_options(podledger_write=True)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        command.upgrade(configured(connection), "heads")


def configured(connection: Connection) -> Config:
    """Alembic's configuration on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config
