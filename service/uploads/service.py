"""Uploads from their first byte to the verdict."""

import logging
import re
import shutil
from dataclasses import asdict
from threading import Lock
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.catalog.episodes import own_episode
from service.catalog.ids import new_id
from service.catalog.publisher import Publisher
from service.catalog.shows import own_show
from service.core import Core
from service.errors import Problem, try_later
from service.feeds.text import clean_line
from service.uploads.attaching import check_and_attach
from service.uploads.image import MAX_BYTES as MAX_COVER_BYTES
from service.uploads.models import Upload
from service.uploads.reasons import FileRefused
from service.uploads.spool import Spool
from service.uploads.tools import ToolFailed
from service.uploads.transcript import MAX_BYTES as MAX_TRANSCRIPT_BYTES

log = logging.getLogger(__name__)
_DISK_RESERVE_BYTES = 256 << 20
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MAX_NAME_CHARS = 255
_RUNBOOK = "docs/runbooks/uploads.md"


class Uploads:
    """What is on its way in. Its bytes lie in the spool, all else in the database."""

    def __init__(self, core: Core) -> None:
        """Opens the spool."""
        self.core = core
        self.spool = Spool(core.settings.data.folder / "uploads")
        self._check_lock = Lock()

    def most_bytes(self, kind: str) -> int:
        """The greatest file of a kind that is worth receiving."""
        known = {"cover": 2 * MAX_COVER_BYTES, "transcript": MAX_TRANSCRIPT_BYTES}
        return known.get(kind, self.core.settings.uploads.audio_bytes)

    def begin(self, account_id: str, length: int, metadata: dict[str, str]) -> Upload:
        """A new upload of so many bytes.

        Raises:
            Problem: 400 or 404, its metadata is wrong; 413, too large; 429, too many are open; 503, the disk is full.
        """
        kind = metadata.get("kind", "audio")
        if kind not in ("audio", "cover", "transcript"):
            raise Problem(400, "wrong_kind", "metadata `kind` must be audio, cover or transcript")
        if length > self.most_bytes(kind):
            raise Problem(413, "too_large", f"at most {self.most_bytes(kind)} bytes are taken for {kind}")
        if length < 1:
            raise Problem(400, "empty", "there must be at least one byte to upload")
        target = self._target(account_id, kind, metadata)
        self.need_room(length)
        now_ms = self.core.now_ms()
        upload = Upload(
            id=new_id("up", now_ms),
            account_id=account_id,
            kind=kind,
            target=target,
            name=clean_line(metadata.get("filename", ""))[:_MAX_NAME_CHARS] or kind,
            metadata_=_kept_metadata(metadata),
            length=length,
            state="receiving",
            reasons=[],
            facts={},
            created_ms=now_ms,
            expires_ms=now_ms + self.core.settings.uploads.expire_s * 1000,
        )
        try:
            self.spool.create(upload.id)
        except OSError as error:
            raise disk_full() from error
        with self.core.database.write() as session:
            self._check_open(session, account_id)
            session.add(upload)
        return upload

    def own(self, account_id: str, upload_id: str) -> Upload:
        """An upload of one's own.

        Raises:
            Problem: 404, also for somebody else's.
        """
        with self.core.database.read() as session:
            upload = session.get(Upload, upload_id)
        if upload is None or upload.account_id != account_id:
            raise Problem(404, "no_upload", "you have no such upload")
        return upload

    def offset(self, upload: Upload) -> int:
        """How much is there; all of it once it was checked.

        Raises:
            Problem: 410, it expired.
        """
        if upload.state in ("accepted", "refused"):
            return upload.length
        try:
            return min(upload.length, self.spool.length(upload.id))
        except FileNotFoundError as error:
            raise Problem(410, "upload_gone", "the upload expired; begin a new one") from error

    def complete(self, upload: Upload) -> None:
        """All is there and durable: it will be checked."""
        with self.core.database.write() as session:
            kept = session.get(Upload, upload.id)
            if kept is not None and kept.state == "receiving":
                kept.state = "checking"

    def end(self, upload: Upload) -> None:
        """Drops an upload, whatever its state; what it was attached to keeps it."""
        with self.core.database.write() as session:
            kept = session.get(Upload, upload.id)
            if kept is not None:
                session.delete(kept)
        self.spool.remove(upload.id)

    def check_waiting(self) -> None:
        """Checks everything that waits, the oldest first; what an earlier run left is checked again."""
        with self._check_lock:
            with self.core.database.read() as session:
                wanted = select(Upload).where(Upload.state == "checking").order_by(Upload.created_ms, Upload.id)
                waiting = list(session.scalars(wanted.limit(20)))
            for upload in waiting:
                self.check(upload)

    def check(self, upload: Upload) -> None:
        """Checks one upload, attaches it or refuses it, and brings its feed up to date."""
        state, reasons, facts, sha256 = "accepted", [], dict[str, Any](), None
        try:
            sha256 = self.spool.sha256(upload.id)
            facts = check_and_attach(self.core, upload, self.spool.path(upload.id), sha256)
        except FileRefused as refused:
            state, reasons = "refused", [asdict(reason) for reason in refused.reasons]
        except FileNotFoundError:
            state, reasons = "refused", [{"code": "gone", "text": "The file is gone. Upload it again."}]
        except (ToolFailed, Problem) as error:
            log.warning("upload %s: not checked yet, will be tried again: %s; see %s", upload.id, error, _RUNBOOK)
            return
        with self.core.database.write() as session:
            kept = session.get(Upload, upload.id)
            if kept is not None:
                kept.state, kept.reasons, kept.facts, kept.sha256 = state, reasons, facts, sha256
        self.spool.remove(upload.id)
        self.core.part(Publisher).catch_up()

    def expire(self) -> None:
        """Drops unfinished uploads whose time is over, and files that belong to none."""
        now_ms = self.core.now_ms()
        with self.core.database.read() as session:
            over = select(Upload).where(Upload.state == "receiving", Upload.expires_ms < now_ms).limit(100)
            expired = list(session.scalars(over))
            names = self.spool.names()
            known = set(session.scalars(select(Upload.id).where(Upload.id.in_(names)))) if names else set()
        for upload in expired:
            self.end(upload)
        for name in set(names) - known:
            if now_ms - self.spool.path(name).stat().st_mtime * 1000 > 3_600_000:
                self.spool.remove(name)

    def need_room(self, length: int) -> None:
        """Says no before the disk does.

        Raises:
            Problem: 503, there is not room for so many bytes and for the service to go on.
        """
        if shutil.disk_usage(self.core.settings.data.folder).free < length + _DISK_RESERVE_BYTES:
            raise disk_full()

    def _check_open(self, session: Session, account_id: str) -> None:
        is_open = Upload.state.in_(("receiving", "checking"))
        count = session.scalar(select(func.count()).where(Upload.account_id == account_id, is_open)) or 0
        if count >= self.core.settings.uploads.open_per_account:
            detail = "too many uploads are open; finish or delete one"
            raise try_later("too_many_uploads", detail, 60, 429)

    def _target(self, account_id: str, kind: str, metadata: dict[str, str]) -> str | None:
        with self.core.database.read() as session:
            if kind == "cover":
                show_id = metadata.get("show_id")
                return None if show_id is None else own_show(session, account_id, _plain(show_id)).id
            episode_id = metadata.get("episode_id")
            return None if episode_id is None else own_episode(session, account_id, _plain(episode_id)).id


def disk_full() -> Problem:
    """503: nothing can be written just now."""
    return try_later("disk_full", "there is no room for uploads just now; try again later", 60)


def _plain(given: str) -> str:
    """An id that any database can be asked for; what cannot be one becomes nobody's."""
    return given if given.isascii() and given.isalnum() else ""


def _kept_metadata(metadata: dict[str, str]) -> dict[str, str]:
    language = metadata.get("language", "")
    return {"language": language} if _LANGUAGE.fullmatch(language) else {}
