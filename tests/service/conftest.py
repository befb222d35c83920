"""What the tests of the service share. Each runs on both kinds of storage unless it says `places("folder")`."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.needs import needs
from tests.service.devices import Device, new_device
from tests.service.running import Place, Service, folder_place
from tests.service.storage import Weed, bucket_place, running_postgres, running_weed

KINDS = ("folder", "bucket")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL, without a database's name."""
    needs("postgresql")
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    """Object storage."""
    with running_weed(tmp_path_factory.mktemp("weed")) as running:
        yield running


def make_bucket_place(postgres: str, weed: Weed) -> Place:
    """A database and a prefix of their own."""
    from sqlalchemy import create_engine, text

    name = f"t{uuid.uuid4().hex[:12]}"
    engine = create_engine(f"{postgres}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    engine.dispose()
    return bucket_place(name, f"{postgres}/{name}", weed)


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where the service of a test keeps its things."""
    if request.param == "folder":
        return folder_place(tmp_path)
    return make_bucket_place(request.getfixturevalue("postgres"), request.getfixturevalue("weed"))


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    """SQLite and a landing folder on the disk, for what does not depend on the storage."""
    return folder_place(tmp_path)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts services; all are ended with the test."""
    started: list[Service] = []

    def starting(place: Place, before: Callable[[], None] | None = None, **settings: object) -> Service:
        named = {f"PODLEDGER_SERVICE_{name.upper()}": str(value) for name, value in settings.items()}
        service = Service(tmp_path / f"data{len(started)}", place, named, before=before)
        started.append(service)
        return service.start()

    yield starting
    for service in started:
        if service.process is not None and service.process.poll() is None:
            service.kill()


@pytest.fixture(scope="session", params=KINDS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service a kind of storage, for all tests that leave nothing behind that others could see."""
    folder = tmp_path_factory.mktemp(f"service-{request.param}")
    if request.param == "folder":
        place = folder_place(folder)
    else:
        place = make_bucket_place(request.getfixturevalue("postgres"), request.getfixturevalue("weed"))
    running = Service(folder / "data", place).start()
    yield running
    running.stop()


@pytest.fixture
def device(service: Service) -> Iterator[Device]:
    """A registered device of it."""
    with new_device(service) as made:
        yield made


def listener(service: Service, name: str | None = None, password: str = "a long password") -> dict[str, Any]:
    """A new listener's account: name, password, token and what the service said of it."""
    with service.client() as client:
        called = name or f"l{uuid.uuid4().hex[:12]}"
        made = client.post("/v1/accounts", json={"kind": "listener", "name": called, "password": password})
        assert made.status_code == 201, made.text
        token = client.post("/v1/tokens", json={"name": called, "password": password})
        assert token.status_code == 201, token.text
        return {**made.json(), "password": password, "token": token.json()["token"]}
