"""The publisher: the one place where feeds and the catalogue are written, one after the other."""

import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from sqlalchemy import func, select

from service.catalog.covers import give_cover
from service.catalog.episodes import appear, due_episodes
from service.catalog.feed_of import channel_of
from service.catalog.models import Show
from service.catalog.pieces import Pieces
from service.catalog.record import NAME, Catalogue, Entry
from service.core import Core
from service.errors import Problem
from service.feeds.channel import join_page, render_head
from service.feeds.check import FeedBroken, check_feed
from service.feeds.compressing import BlockGzip
from service.feeds.files import WrittenFiles, is_written, remove_feed_file, write_feed_file
from service.feeds.notices import add_notices, hub_urls
from service.feeds.paging import Page, split_into_pages
from service.landing import LandingAway
from service.media.addresses import SUBSCRIBER, Addresses
from service.media.files import Files

log = logging.getLogger(__name__)


class Publisher:
    """Makes files say what the database says. Whatever is interrupted is made up for by the next call."""

    def __init__(self, core: Core) -> None:
        """Nothing is written yet."""
        self._core = core
        self._lock = Lock()
        self._landed: bytes | None = None
        self.addresses = Addresses(core.settings.server.public_url.rstrip("/"))
        self._catalogue = Catalogue(self.addresses)
        self._pieces = Pieces(core.database, self.addresses)
        self._gzip, self._written = BlockGzip(), WrittenFiles()
        self.public = core.settings.data.folder / "feeds"
        self.private = core.settings.data.folder / "private-feeds"

    def prepare(self) -> None:
        """Makes the folders, and the catalogue say what the database says; called once, at the start."""
        self.public.mkdir(parents=True, exist_ok=True)
        self.private.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.publish()

    def catch_up(self) -> bool:
        """Publishes what is due and what could not be written before; says whether all of it could be now."""
        self._appear_due()
        with self._core.database.read() as session:
            stale = list(session.scalars(select(Show.id).where(Show.feed_done < Show.feed_wanted).order_by(Show.id)))
        return self.publish(*stale) if stale else True

    def publish(self, *show_ids: str) -> bool:
        """Brings the catalogue, then these shows' feeds, up to date; says whether that could be done now.

        The catalogue goes first: what is heard of an episode must be known before anybody can hear it.
        """
        with self._lock:
            try:
                self.write_catalogue()
            except (LandingAway, OSError) as error:
                return _later("the catalogue", error)
            done = [self._try_publishing(show_id) for show_id in show_ids]
            return all(done)

    def _try_publishing(self, show_id: str) -> bool:
        """A show that cannot be published keeps no other from it."""
        try:
            self._publish_show(show_id)
        except (LandingAway, OSError, FeedBroken, Problem) as error:
            return _later(show_id, error)
        return True

    def write_catalogue(self) -> None:
        """Writes the catalogue if it changed; before anything was ever published there is none.

        Raises:
            LandingAway: it could not be written; the one before is still there.
        """
        with self._core.database.read() as session:
            content = self._catalogue.content(session)
        digest = hashlib.sha256(content).digest()
        if digest == self._landed or (not content and self._landed is None):
            return
        self._core.landing.put(NAME, content)
        self._landed = digest

    def _appear_due(self) -> None:
        now_ms = self._core.now_ms()
        with self._core.database.read() as session:
            if not due_episodes(session, now_ms, limit=1):
                return
        with self._core.database.write() as session:
            for episode in due_episodes(session, now_ms):
                appear(session, episode, episode.publish_at_ms or now_ms, now_ms)

    def _publish_show(self, show_id: str) -> None:
        """Makes a feed of what the catalogue was made of, so that it says nothing that is not known there."""
        began = time.monotonic()
        with self._core.database.read() as session:
            show = session.get(Show, show_id)
        if show is None or show.feed_done >= show.feed_wanted:
            return  # somebody else was here while this one waited: the turn that comes round by itself
        wanted, entries = self._catalogue.feed(show_id)
        give_cover(self._core.part(Files), show)
        changed = self._write_feed(show, entries)
        self._note_done(show, wanted)
        took_ms = round((time.monotonic() - began) * 1000)
        log.info("feed %s: %d episodes, %d files written, %d ms", show.slug, len(entries), changed, took_ms)

    def _note_done(self, show: Show, wanted: int) -> None:
        """Pieces go into the database with the note that the feed has them; very many go in transactions before."""
        *earlier, last = self._pieces.unsaved()
        for some in earlier:
            with self._core.database.write() as session:
                self._pieces.save(session, some)
        with self._core.database.write() as session:
            self._pieces.save(session, last)
            kept = session.get(Show, show.id)
            if kept is None:
                return
            if kept.cover is None:  # the database looks once more: the show may be given one just now
                kept.cover = func.coalesce(Show.cover, show.cover)
            kept.feed_done = max(kept.feed_done, wanted)
            if not show.private:
                feed_url = self.addresses.feed_url(show.slug)
                add_notices(session, self._core.settings.feeds, show.id, feed_url, self._core.now_ms())
        self._pieces.saved()

    def _write_feed(self, show: Show, entries: Sequence[Entry]) -> int:
        """Writes the older pages first, so that the feed never names one that is not there; says how many changed."""
        settings = self._core.settings.feeds
        channel = channel_of(show, self.addresses, hub_urls(settings), bool(settings.podping_url))
        folder, feeds_url, slug = self.public, self.addresses.feeds_url, show.slug
        if show.private:
            folder, feeds_url, slug = self.private, f"{self.addresses.feeds_url}/private", SUBSCRIBER
        pages = list(split_into_pages(feeds_url, slug, [one.published_ms for one in entries], settings.page_items))
        changed = 0
        for page in reversed(pages):
            head, file = render_head(channel, page), self._file(folder, show, page)
            of_page = entries[page.first : page.last]
            if not self._written.is_made_of(file, (head, of_page)):
                changed += self._write_page(file, head, self._pieces.of(show, of_page))
                self._written.note(file, (head, of_page))
        self._remove_pages(folder / show.slug, len(pages))
        return changed

    def _write_page(self, file: Path, head: bytes, pieces: Sequence[bytes]) -> bool:
        document = join_page(head, pieces)
        if is_written(file, document):
            return False
        check_feed(document, len(pieces))
        return write_feed_file(file, document, self._core.now_ms() // 1000, self._gzip)

    def _file(self, folder: Path, show: Show, page: Page) -> Path:
        """Private feeds are kept under the show's name, whatever stands for the token in their addresses."""
        return folder / page.name.replace(SUBSCRIBER, show.slug, 1)

    def _remove_pages(self, folder: Path, pages: int) -> None:
        number = pages
        while (folder / f"{number}.xml").exists():
            remove_feed_file(folder / f"{number}.xml")
            self._written.forget(folder / f"{number}.xml")
            number += 1


def _later(what: str, error: Exception) -> bool:
    log.warning("%s: not published yet, will be tried again: %s; see docs/runbooks/feeds.md", what, error)
    return False
