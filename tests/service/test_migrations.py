"""The tables that migrations make are the tables that the models declare, on both databases, and back again."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from service.db.database import Database, open_database
from service.db.migrate import configured, migrate
from service.db.models import all_tables
from service.settings import read_settings
from tests.service.running import Place


@pytest.fixture
def database(place: Place, tmp_path: object) -> Database:
    return open_database(read_settings(place.environment, {"data": {"folder": f"{tmp_path}/data"}}))


def test_migrations_make_what_models_declare(database: Database) -> None:
    migrate(database)
    migrate(database)  # a second start changes nothing
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), all_tables())
    assert differences == []
    database.close()


def test_migrations_can_be_taken_back(database: Database) -> None:
    migrate(database)
    with database.engine.execution_options(podledger_write=True).begin() as connection:
        command.downgrade(configured(connection), "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    database.close()
