"""Giving a checked file to what it was uploaded for: an episode's audio or transcript, a show's cover."""

import hashlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.catalog.changes import touch, want_feed
from service.catalog.episodes import own_episode, serve_from
from service.catalog.ids import new_id
from service.catalog.models import Episode, Media, Show
from service.catalog.shows import own_show
from service.core import Core
from service.errors import Problem
from service.media.files import Files
from service.uploads.audio import AudioFacts, inspect_audio
from service.uploads.image import inspect_cover
from service.uploads.models import Upload
from service.uploads.rad_tag import rad_payload, write_rad_tag
from service.uploads.reasons import Reason, refuse
from service.uploads.transcript import inspect_transcript

_GONE = Reason("target_gone", "What the file was uploaded for is no longer there.")


def check_and_attach(core: Core, upload: Upload, file: Path, sha256: str) -> dict[str, Any]:
    """Checks an upload for what it is and hands it to its target; returns what was found.

    Raises:
        FileRefused: it is not what it has to be.
        ToolFailed: it could not be checked.
        Problem: 503, the media store is away.
    """
    if upload.kind == "cover":
        return _attach_cover(core, upload, file)
    if upload.kind == "transcript":
        return _attach_transcript(core, upload, file)
    facts = inspect_audio(file)
    if upload.target is not None:
        attach_audio(core, upload.account_id, upload.target, file, facts, sha256)
    return audio_facts(facts)


def audio_facts(facts: AudioFacts) -> dict[str, Any]:
    """What was measured, as it is kept and shown."""
    kept = asdict(facts)
    kept["kind"] = facts.kind.extension
    kept["advice"] = [asdict(one) for one in facts.advice]
    return kept


def attach_audio(core: Core, account_id: str, episode_id: str, file: Path, facts: AudioFacts, sha256: str) -> None:
    """Makes the file an episode's current version. The same file again changes nothing; an earlier version stays known.

    Raises:
        FileRefused: the episode is gone.
        Problem: 503, the media store is away.
    """
    with core.database.read() as session:
        episode, show = _episode_and_show(session, account_id, episode_id)
    file, facts, sha256 = _tagged(core, show, episode, file, facts, sha256)
    kind = facts.kind
    path = core.part(Files).keep(show.id, episode.id, kind.extension, file, kind.media_type, show.private)
    with core.database.write() as session:
        episode, show = _episode_and_show(session, account_id, episode_id)
        media = session.scalars(select(Media).where(Media.path == path)).one_or_none()
        if media is None:
            media = _new_media(core, episode, path, facts, sha256)
            session.add(media)
            session.flush()
        if episode.media_id == media.id:
            return
        episode.media_id = media.id
        if episode.status == "published":
            serve_from(session, media, core.now_ms())
        touch(session, episode)


def _tagged(
    core: Core, show: Show, episode: Episode, file: Path, facts: AudioFacts, sha256: str
) -> tuple[Path, AudioFacts, str]:
    """The file with the tag that makes players report here, where the show wants it and the file can have it."""
    if not show.details.get("rad_tag") or facts.kind.extension != "mp3":
        return file, facts, sha256
    report_url = f"{core.settings.server.public_url.rstrip('/')}/v1/rad"
    payload = rad_payload(show.id, episode.id, report_url, facts.duration_ms)
    tagged = core.part(Files).draft()
    grew = write_rad_tag(file, tagged, payload)
    if grew is None:
        return file, facts, sha256
    size_bytes, header_bytes = facts.size_bytes + grew, facts.header_bytes + grew
    with tagged.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return tagged, replace(facts, size_bytes=size_bytes, header_bytes=header_bytes), digest


def _new_media(core: Core, episode: Episode, path: str, facts: AudioFacts, sha256: str) -> Media:
    measured = {name: value for name, value in audio_facts(facts).items() if name not in ("advice", "kind")}
    return Media(
        id=new_id("md", core.now_ms()),
        episode_id=episode.id,
        path=path,
        bytes=facts.size_bytes,
        header_bytes=facts.header_bytes,
        duration_ms=facts.duration_ms,
        media_type=facts.kind.media_type,
        sha256=sha256,
        facts=measured,
        created_ms=core.now_ms(),
    )


def _attach_cover(core: Core, upload: Upload, file: Path) -> dict[str, Any]:
    facts = inspect_cover(file)
    if upload.target is not None:
        with core.database.read() as session:
            show_id = _own_show(session, upload).id
        path = core.part(Files).keep(show_id, "cover", facts.extension, file, facts.media_type, private=False)
        with core.database.write() as session:
            show = _own_show(session, upload)
            show.cover = path
            want_feed(session, show.id)
    return asdict(facts)


def _attach_transcript(core: Core, upload: Upload, file: Path) -> dict[str, Any]:
    extension, media_type = inspect_transcript(file)
    if upload.target is not None:
        with core.database.read() as session:
            episode, show = _episode_and_show(session, upload.account_id, upload.target)
        path = core.part(Files).keep(show.id, episode.id, extension, file, media_type, show.private)
        kept = {"path": path, "media_type": media_type}
        if language := upload.metadata_.get("language"):
            kept["language"] = language
        with core.database.write() as session:
            episode, show = _episode_and_show(session, upload.account_id, upload.target)
            others = [
                one
                for one in episode.files.get("transcripts", [])
                if (one["media_type"], one.get("language")) != (media_type, kept.get("language"))
            ]
            episode.files = {**episode.files, "transcripts": [*others, kept]}
            touch(session, episode)
    return {"media_type": media_type}


def _own_show(session: Session, upload: Upload) -> Show:
    try:
        return own_show(session, upload.account_id, upload.target or "")
    except Problem as problem:
        raise refuse(_GONE.code, _GONE.text) from problem


def _episode_and_show(session: Session, account_id: str, episode_id: str) -> tuple[Episode, Show]:
    try:
        episode = own_episode(session, account_id, episode_id)
    except Problem as problem:
        raise refuse(_GONE.code, _GONE.text) from problem
    return episode, session.get_one(Show, episode.show_id)
