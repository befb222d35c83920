"""Bringing a foreign show in: its feed page by page, its cover, and every episode's audio, checked like any upload."""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import select

from service.accounts.models import Account
from service.catalog.episodes import add_episode, appear
from service.catalog.models import Episode, Show
from service.catalog.publisher import Publisher
from service.catalog.shapes import EpisodeIn, ShowIn
from service.catalog.shows import add_show
from service.core import Core
from service.errors import Problem
from service.feeds.models import Import
from service.feeds.outside import Outside, OutsideFailed
from service.feeds.parsing import MAX_BYTES, NotReadable
from service.feeds.reading import ForeignEpisode, ForeignShow, read_feed
from service.media.files import Files
from service.uploads.attaching import attach_audio
from service.uploads.audio import inspect_audio
from service.uploads.image import MAX_BYTES as MAX_COVER_BYTES
from service.uploads.image import inspect_cover
from service.uploads.reasons import FileRefused
from service.uploads.tools import ToolFailed

log = logging.getLogger(__name__)
_MAX_PAGES = 200
_REPORT_CHARS = 20_000


class Importer:
    """Does the imports that wait, one after the other. One that was interrupted goes on where it was."""

    def __init__(self, core: Core, outside: Outside) -> None:
        """Nothing is fetched yet."""
        self._core = core
        self._outside = outside

    def run_waiting(self) -> None:
        """Does the oldest import that is not done, if there is one."""
        with self._core.database.read() as session:
            open_ones = select(Import).where(Import.state.in_(("waiting", "running"))).order_by(Import.id).limit(1)
            row = session.scalars(open_ones).one_or_none()
        if row is not None:
            self.run(row)

    def run(self, row: Import) -> None:
        """Does one import; whatever goes wrong with an episode is reported and the others are brought."""
        self._note(row.id, state="running")
        try:
            show, episodes = self._begin(row)
        except (OutsideFailed, NotReadable, FileRefused, Problem, ValidationError) as error:
            text = str(error.detail) if isinstance(error, Problem) else str(error)
            self._note(row.id, state="failed", report=text[:_REPORT_CHARS])
            return
        faults, brought = list[str](), 0
        for episode in episodes:
            fault = self._bring(row.account_id, show, episode)
            brought += fault is None
            if fault is not None:
                faults.append(f"{episode.title}: {fault}")
            self._note(row.id, brought=brought, report="\n".join(faults)[:_REPORT_CHARS])
        self._core.part(Publisher).publish(show.id)
        self._note(row.id, state="done")

    def _begin(self, row: Import) -> tuple[Show, list[ForeignEpisode]]:
        pages = list(self._pages(row.url))
        first = pages[0]
        with self._core.database.read() as session:
            known = session.get(Show, row.show_id) if row.show_id else None
            account = session.get_one(Account, row.account_id)
        if first.locked and (first.owner_email or "").lower() != (account.email or "").lower():
            raise NotReadable(
                "the feed is locked: unlock it where it is published now, or have its owner's address as your own"
            )
        show = known or self._make_show(row, first)
        unique = {episode.guid: episode for page in pages for episode in page.episodes}
        self._note(row.id, total=len(unique))
        return show, list(unique.values())

    def _pages(self, url: str) -> Iterator[ForeignShow]:
        seen: set[str] = set()
        following: str | None = url
        while following is not None and following not in seen and len(seen) < _MAX_PAGES:
            seen.add(following)
            answer = self._outside.fetch(following, MAX_BYTES)
            if answer.status != 200:
                raise OutsideFailed(f"{following} answered {answer.status}")
            page = read_feed(answer.body)
            yield page
            following = page.next_url

    def _make_show(self, row: Import, foreign: ForeignShow) -> Show:
        """A show of one's own, which keeps the guid that the feed names."""
        details = {name: value for name, value in foreign.details.items() if value is not None}
        with self._core.database.write() as session:
            given = ShowIn(title=foreign.title, **details)
            show = add_show(session, self._core.part(Publisher).addresses, row.account_id, given, self._core.now_ms())
            show.guid = foreign.guid or show.guid
            session.get_one(Import, row.id).show_id = show.id
        cover = self._cover(show.id, foreign.cover_url)
        if cover is not None:
            with self._core.database.write() as session:
                session.get_one(Show, show.id).cover = cover
        return show

    def _cover(self, show_id: str, url: str | None) -> str | None:
        if url is None:
            return None
        file = self._core.part(Files).draft()
        try:
            self._outside.download(url, file, MAX_COVER_BYTES)
            facts = inspect_cover(file)
            return self._core.part(Files).keep(show_id, "cover", facts.extension, file, facts.media_type, private=False)
        except (OutsideFailed, FileRefused) as error:
            log.info("no cover from %s: %s", url, error)
            return None
        finally:
            file.unlink(missing_ok=True)

    def _bring(self, account_id: str, show: Show, foreign: ForeignEpisode) -> str | None:
        """None when the episode is here now, else why not."""
        with self._core.database.read() as session:
            same = select(Episode).where(Episode.show_id == show.id, Episode.guid == foreign.guid)
            known = session.scalars(same).one_or_none()
        if known is not None and known.status == "published":
            return None
        file = self._core.part(Files).draft()
        try:
            self._outside.download(foreign.audio_url, file, self._core.settings.uploads.audio_bytes)
            facts = inspect_audio(file)
            episode_id = known.id if known is not None else self._make_episode(show, foreign)
            attach_audio(self._core, account_id, episode_id, file, facts, _sha256(file))
            with self._core.database.write() as session:
                now_ms = self._core.now_ms()
                dated_ms = foreign.published_ms if foreign.published_ms is not None else now_ms
                appear(session, session.get_one(Episode, episode_id), dated_ms, now_ms)
        except (OutsideFailed, FileRefused, ToolFailed, ValidationError) as error:
            return str(error)
        except Problem as problem:
            return str(problem.detail)
        finally:
            file.unlink(missing_ok=True)
        return None

    def _make_episode(self, show: Show, foreign: ForeignEpisode) -> str:
        """An episode that keeps its guid, so that apps know it again."""
        details = {name: value for name, value in foreign.details.items() if value is not None}
        with self._core.database.write() as session:
            given = EpisodeIn(title=foreign.title, **details)
            episode = add_episode(session, show, given, self._core.now_ms())
            episode.guid, episode.guid_is_link = foreign.guid, foreign.guid_is_link
            return episode.id

    def _note(self, import_id: str, **values: str | int) -> None:
        with self._core.database.write() as session:
            row = session.get(Import, import_id)
            if row is not None:
                for name, value in values.items():
                    setattr(row, name, value)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
