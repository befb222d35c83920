"""How Alembic runs here: on a connection that is given to it, never on one of its own."""

from alembic import context

from service.db.models import all_tables


def run() -> None:
    """Runs the migrations in the caller's transaction."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=all_tables(), render_as_batch=True, compare_type=True)
    context.run_migrations()


run()
