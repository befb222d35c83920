"""Opening the database, and short transactions on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import InterfaceError
from sqlalchemy.orm import Session

from service.settings import Settings

SQLITE_FILE = "service.db"


class Database:
    """One engine. Reads see the newest committed state and never wait for writes; writes wait for each other."""

    def __init__(self, engine: Engine) -> None:
        """Takes an engine made by `open_database`."""
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; what was read stays readable, what was changed is rolled back."""
        with _told_alike(), Session(self.engine, expire_on_commit=False) as session:
            try:
                yield session
            finally:
                session.expunge_all()
                session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are committed, durably, when the block ends without an exception."""
        engine = self.engine.execution_options(podledger_write=True)
        with _told_alike(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def is_there(self) -> bool:
        """Whether it answers at all."""
        try:
            with self.engine.connect() as connection:
                return connection.execute(text("select 1")).scalar() == 1
        except Exception:  # noqa: BLE001  # whatever is wrong, it is not there
            return False

    def close(self) -> None:
        """Lets all connections go."""
        self.engine.dispose()


@contextmanager
def _told_alike() -> Iterator[None]:
    """A connection that breaks is one kind of error: the driver lets some of the socket's own through."""
    try:
        yield
    except ConnectionError as error:
        raise InterfaceError("the connection to the database broke", None, error) from error


def open_database(settings: Settings) -> Database:
    """The database of the settings, as it is: `service.db.migrate.migrate` brings its tables up to date."""
    given = settings.database
    if not given.url:
        settings.data.folder.mkdir(parents=True, exist_ok=True)
        return Database(_open_sqlite(settings.data.folder / SQLITE_FILE, given.wait_s))
    url = make_url(given.url)
    if url.get_backend_name() == "sqlite":
        return Database(_open_sqlite(Path(str(url.database)), given.wait_s))
    waiting: dict[str, Any] = {"timeout": given.wait_s} if url.get_driver_name() == "pg8000" else {}
    engine = create_engine(
        url, pool_size=given.pool, max_overflow=0, pool_timeout=given.wait_s, pool_pre_ping=True, connect_args=waiting
    )
    return Database(engine)


def _open_sqlite(path: Path, wait_s: float) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": wait_s, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: SqliteConnection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where _begin says
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that will write takes the lock at once: one that read first could only fail, never wait.
        writes = connection.get_execution_options().get("podledger_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
