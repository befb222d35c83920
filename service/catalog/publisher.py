"""The publisher: the one place where feeds and the catalogue are written, one after the other."""

import hashlib
import logging
import time
from pathlib import Path
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.catalog.covers import give_cover
from service.catalog.episodes import appear, due_episodes
from service.catalog.feed_of import channel_of, fragment_version, item_of
from service.catalog.models import Episode, Media, Show
from service.catalog.record import NAME, Catalogue
from service.core import Core
from service.errors import Problem
from service.feeds.channel import render_page
from service.feeds.check import FeedBroken, check_feed
from service.feeds.compressing import BlockGzip
from service.feeds.files import is_written, remove_feed_file, write_feed_file
from service.feeds.item import render_item
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
        self._gzip = BlockGzip()
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
                for show_id in show_ids:
                    self._publish_show(show_id)
            except (LandingAway, OSError, FeedBroken, Problem) as error:
                log.warning("not published yet, will be tried again: %s; see docs/runbooks/feeds.md", error)
                return False
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
        began = time.monotonic()
        with self._core.database.read() as session:
            show = session.get(Show, show_id)
            if show is None or show.feed_done >= show.feed_wanted:
                return  # somebody else was here while this one waited: the turn that comes round by itself
            wanted = show.feed_wanted
            episodes = self._published(session, show)
            session.expunge(show)
        give_cover(self._core.part(Files), show)
        changed = self._write_feed(show, episodes)
        with self._core.database.write() as session:
            kept = session.get(Show, show_id)
            if kept is None:
                return
            if kept.cover is None:  # the database looks once more: the show may be given one just now
                kept.cover = func.coalesce(Show.cover, show.cover)
            kept.feed_done = max(kept.feed_done, wanted)
            if not show.private:
                feed_url = self.addresses.feed_url(show.slug)
                add_notices(session, self._core.settings.feeds, show.id, feed_url, self._core.now_ms())
        took_ms = round((time.monotonic() - began) * 1000)
        log.info("feed %s: %d episodes, %d files written, %d ms", show.slug, len(episodes), changed, took_ms)

    def _published(self, session: Session, show: Show) -> list[tuple[int, bytes]]:
        """When each episode was published and its piece of the feed, newest first; missing pieces are made and kept."""
        version = fragment_version(self.addresses)
        wanted = (
            select(Episode.id, Episode.published_ms, Episode.fragment, Episode.fragment_version)
            .where(Episode.show_id == show.id, Episode.status == "published")
            .order_by(Episode.published_ms.desc(), Episode.id.desc())
        )
        rows = session.execute(wanted).all()
        stale = [row.id for row in rows if row.fragment is None or row.fragment_version != version]
        made = self._make_fragments(show, stale, version) if stale else {}
        return [(row.published_ms, made.get(row.id) or row.fragment) for row in rows]

    def _make_fragments(self, show: Show, episode_ids: list[str], version: int) -> dict[str, bytes]:
        made: dict[str, bytes] = {}
        for start in range(0, len(episode_ids), 500):
            ids = episode_ids[start : start + 500]
            with self._core.database.write() as session:
                wanted = select(Episode, Media).join(Media, Media.id == Episode.media_id).where(Episode.id.in_(ids))
                for episode, media in session.execute(wanted):
                    fragment = render_item(item_of(show, episode, media, self.addresses))
                    episode.fragment, episode.fragment_version = fragment, version
                    made[episode.id] = fragment
        return made

    def _write_feed(self, show: Show, episodes: list[tuple[int, bytes]]) -> int:
        """Writes the older pages first, so that the feed never names one that is not there; says how many changed."""
        settings = self._core.settings.feeds
        channel = channel_of(show, self.addresses, hub_urls(settings), bool(settings.podping_url))
        folder, feeds_url, slug = self.public, self.addresses.feeds_url, show.slug
        if show.private:
            folder, feeds_url, slug = self.private, f"{self.addresses.feeds_url}/private", SUBSCRIBER
        pages = list(split_into_pages(feeds_url, slug, [at_ms for at_ms, _ in episodes], settings.page_items))
        changed = 0
        for page in reversed(pages):
            document = render_page(channel, page, [piece for _, piece in episodes[page.first : page.last]])
            file = self._file(folder, show, page)
            if is_written(file, document):
                continue
            check_feed(document, page.last - page.first)
            changed += write_feed_file(file, document, self._core.now_ms() // 1000, self._gzip)
        self._remove_pages(folder / show.slug, len(pages))
        return changed

    def _file(self, folder: Path, show: Show, page: Page) -> Path:
        """Private feeds are kept under the show's name, whatever stands for the token in their addresses."""
        return folder / page.name.replace(SUBSCRIBER, show.slug, 1)

    def _remove_pages(self, folder: Path, pages: int) -> None:
        number = pages
        while (folder / f"{number}.xml").exists():
            remove_feed_file(folder / f"{number}.xml")
            number += 1
