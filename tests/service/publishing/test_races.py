"""Two who change the same show at once, in the order that went wrong; held there by a lock in the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from PIL import Image
from sqlalchemy import Connection, Engine, create_engine, text

from tests.service.conftest import make_bucket_place
from tests.service.publishing.creators import Creator, new_creator
from tests.service.publishing.edges import Edge, start_edge
from tests.service.running import wait_until
from tests.service.storage import Weed

SLUG = "raced"
WAITERS = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@pytest.fixture
def edge(postgres: str, weed: Weed, tmp_path: Path) -> Iterator[Edge]:
    """On PostgreSQL: writers of SQLite wait for each other before they read."""
    with start_edge(tmp_path / "data", make_bucket_place(postgres, weed), database_wait_s=60) as running:
        yield running


@pytest.fixture
def database(edge: Edge) -> Iterator[Engine]:
    engine = create_engine(edge.place.environment["PODLEDGER_SERVICE_DATABASE_URL"])
    yield engine
    engine.dispose()


@contextmanager
def held(database: Engine, show_id: str) -> Iterator[None]:
    """Nobody writes to the show's row until the block ends; whoever wanted to goes on in the order of coming."""
    with database.connect() as connection:
        connection.execute(text("select 1 from shows where id = :id for update"), {"id": show_id})
        yield
        connection.rollback()


def wait_for_writers(database: Engine, number: int) -> None:
    def waiting(connection: Connection) -> bool:
        return connection.execute(text(WAITERS)).scalar() == number

    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        wait_until(lambda: waiting(connection), what=f"{number} who want the show")


@pytest.fixture
def creator(edge: Edge) -> Iterator[Creator]:
    with new_creator(edge) as made:
        yield made


def test_a_cover_that_comes_while_the_first_feed_is_made_stays(
    creator: Creator, database: Engine, tmp_path: Path
) -> None:
    Image.new("RGB", (1400, 1400), "navy").save(tmp_path / "cover.jpg")
    in_the_way = creator.edge.data / "feeds" / f"{SLUG}.xml"
    in_the_way.mkdir()  # the first feed is tried turn by turn, and cannot be written yet
    show = creator.show(slug=SLUG)
    cover = (tmp_path / "cover.jpg").read_bytes()
    place = creator.begin(len(cover), kind="cover", show_id=show["id"]).headers["Location"]
    with held(database, show["id"]):
        assert creator.send(place, 0, cover).status_code == 204
        wait_for_writers(database, 1)  # the cover, checked and stored, wants to be the show's
        in_the_way.rmdir()
        wait_for_writers(database, 2)  # the feed, written with a plain one, wants to say so
    assert creator.verdict(place)["state"] == "accepted"
    now = creator.client.get(f"/v1/shows/{show['id']}").json()
    assert now["cover_url"].endswith(".jpg")
    assert httpx.get(now["cover_url"]).content == cover

    def image() -> str | None:
        found = creator.feed(show).find("{http://www.itunes.com/dtds/podcast-1.0.dtd}image")
        return None if found is None else found.get("href")

    wait_until(lambda: image() == now["cover_url"], what="the cover in the feed")
