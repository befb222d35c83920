"""Pieces of feeds while others change the same episodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.accounts.models import Account
from service.catalog.changes import touch
from service.catalog.episodes import add_episode, appear
from service.catalog.models import Episode, Media, Show
from service.catalog.pieces import Pieces
from service.catalog.record import Catalogue
from service.catalog.shapes import EpisodeIn, ShowIn
from service.catalog.shows import add_show
from service.db.database import Database, open_database
from service.db.migrate import migrate
from service.media.addresses import Addresses
from service.settings import read_settings

ADDRESSES = Addresses("https://pods.example")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """One show with one episode that has appeared."""
    opened = open_database(read_settings({}, {"data": {"folder": tmp_path}}))
    migrate(opened)
    with opened.write() as session:
        session.add(Account(id="a", kind="creator", name="ana", password_hash="x", pseudonym="p", created_ms=0))
        session.flush()
        show = add_show(session, ADDRESSES, "a", ShowIn.model_validate(TIDES), now_ms=1)
        episode = add_episode(session, show, EpisodeIn(title="Before"), now_ms=1)
        measured = {"bytes": 1, "header_bytes": 0, "duration_ms": 1000, "media_type": "audio/mpeg", "sha256": "0" * 64}
        session.add(
            Media(id="md", episode_id=episode.id, path="m/sh/ep.mp3", facts={}, from_ms=1, created_ms=1, **measured)
        )
        session.flush()
        episode.media_id = "md"
        appear(session, episode, 1, now_ms=1)
    yield opened
    opened.close()


TIDES = {"title": "Tides", "categories": [{"name": "History"}]}


def pieces_now(database: Database, pieces: Pieces) -> list[bytes]:
    with database.read() as session:
        catalogue = Catalogue(ADDRESSES)
        catalogue.content(session)
        show = session.query(Show).one()
    return pieces.of(show, catalogue.feed(show.id)[1])


def save_all(database: Database, pieces: Pieces) -> None:
    for some in pieces.unsaved():
        with database.write() as session:
            pieces.save(session, some)
    pieces.saved()


def kept(database: Database) -> bytes | None:
    with database.read() as session:
        return session.query(Episode).one().fragment


def test_a_piece_of_an_episode_that_changed_meanwhile_is_not_kept(database: Database) -> None:
    pieces = Pieces(database, ADDRESSES)
    (before,) = pieces_now(database, pieces)
    with database.write() as session:
        episode = session.query(Episode).one()
        episode.title = "After"
        touch(session, episode)
    save_all(database, pieces)
    assert kept(database) is None, "what was made is stale already"
    (after,) = pieces_now(database, pieces)
    assert (b"Before" in before, b"After" in after) == (True, True)
    save_all(database, pieces)
    assert kept(database) == after
    assert pieces_now(database, Pieces(database, ADDRESSES)) == [after], "and another process finds it"


def test_a_piece_that_could_not_be_saved_is_saved_the_next_time(database: Database) -> None:
    pieces = Pieces(database, ADDRESSES)
    first = pieces_now(database, pieces)
    assert pieces_now(database, pieces) == first
    save_all(database, pieces)
    assert [kept(database)] == first
    assert pieces.unsaved() == [[]]
