"""Making, changing and finding episodes, and when they appear."""

from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.catalog.changes import touch
from service.catalog.ids import new_id
from service.catalog.models import Episode, Media, Show
from service.catalog.shapes import EpisodeChange, EpisodeDetails, EpisodeIn, EpisodeOut, MediaOut
from service.errors import Problem
from service.media.addresses import Addresses

DETAILS = frozenset(EpisodeDetails.model_fields)


def add_episode(session: Session, show: Show, given: EpisodeIn, now_ms: int) -> Episode:
    """A new draft in a show; its guid is made now, once."""
    episode = Episode(
        id=new_id("ep", now_ms),
        show_id=show.id,
        guid=str(uuid4()),
        guid_is_link=False,
        title=given.title,
        status="draft",
        details=_details(given.model_dump(mode="json")),
        files={},
        created_ms=now_ms,
        fragment_version=0,
    )
    session.add(episode)
    session.flush()
    return episode


def change_episode(session: Session, episode: Episode, change: EpisodeChange) -> None:
    """Takes over what the change names; a published one shows it in its feed."""
    given = change.model_dump(mode="json", exclude_unset=True)
    if given.get("title"):
        episode.title = given["title"]
    episode.details = {**episode.details, **_details(given)}
    touch(session, episode)


def own_episode(session: Session, account_id: str, episode_id: str) -> Episode:
    """An episode of a show of one's own.

    Raises:
        Problem: 404, also for somebody else's.
    """
    own = select(Episode).join(Show, Show.id == Episode.show_id).where(Show.account_id == account_id)
    found = session.scalars(own.where(Episode.id == episode_id)).one_or_none()
    if found is None:
        raise Problem(404, "no_episode", "you have no such episode")
    return found


def list_episodes(session: Session, show: Show, after: str | None, limit: int) -> list[Episode]:
    """A show's episodes in the order in which they were made, one more than ``limit`` where there are more."""
    wanted = select(Episode).where(Episode.show_id == show.id, Episode.id > (after or ""))
    return list(session.scalars(wanted.order_by(Episode.id).limit(limit + 1)))


def publish_episode(session: Session, episode: Episode, at_ms: int | None, now_ms: int) -> None:
    """Has an episode appear now, or at a time to come.

    Raises:
        Problem: 409, it has no audio yet.
    """
    if episode.media_id is None:
        raise Problem(409, "no_audio", "the episode has no audio yet; upload it first")
    if episode.status == "published":
        return
    if at_ms is not None and at_ms > now_ms:
        episode.status, episode.publish_at_ms = "scheduled", at_ms
        return
    appear(session, episode, at_ms if at_ms is not None and episode.published_ms is None else now_ms, now_ms)


def appear(session: Session, episode: Episode, dated_ms: int, now_ms: int) -> None:
    """Puts an episode into its feed, dated as it was the first time where it had been there before."""
    episode.status = "published"
    episode.published_ms = episode.published_ms if episode.published_ms is not None else dated_ms
    episode.withdrawn_ms = episode.publish_at_ms = None
    serve_from(session, session.get_one(Media, episode.media_id), now_ms)
    touch(session, episode)


def serve_from(session: Session, media: Media, now_ms: int) -> None:
    """Notes since when a version is served: later than all before it, whatever the clock says."""
    if media.from_ms is None:
        before = session.scalar(select(func.max(Media.from_ms)).where(Media.episode_id == media.episode_id))
        media.from_ms = now_ms if before is None else max(now_ms, before + 1)


def withdraw_episode(session: Session, episode: Episode, now_ms: int) -> None:
    """Takes an episode out of its feed; what was heard of it still counts. A scheduled one is a draft again."""
    if episode.status == "published":
        touch(session, episode)
        episode.status, episode.withdrawn_ms = "withdrawn", max(now_ms, episode.published_ms or now_ms)
    elif episode.status == "scheduled":
        episode.status, episode.publish_at_ms = "draft", None


def due_episodes(session: Session, now_ms: int, limit: int = 100) -> list[Episode]:
    """Scheduled episodes whose time has come, the earliest first."""
    wanted = select(Episode).where(Episode.status == "scheduled", Episode.publish_at_ms <= now_ms)
    return list(session.scalars(wanted.order_by(Episode.publish_at_ms, Episode.id).limit(limit)))


def episode_out(session: Session, episode: Episode, show: Show, addresses: Addresses) -> EpisodeOut:
    """An episode as its creator sees it."""
    media = session.get(Media, episode.media_id) if episode.media_id else None
    return EpisodeOut(
        id=episode.id,
        show_id=episode.show_id,
        guid=episode.guid,
        title=episode.title,
        status=episode.status,
        publish_at_ms=episode.publish_at_ms,
        published_ms=episode.published_ms,
        withdrawn_ms=episode.withdrawn_ms,
        created_ms=episode.created_ms,
        media=None if media is None else _media_out(media, show, addresses),
        transcripts=list(episode.files.get("transcripts", [])),
        details=EpisodeDetails.model_validate(episode.details),
    )


def _media_out(media: Media, show: Show, addresses: Addresses) -> MediaOut:
    return MediaOut(
        url=None if show.private else addresses.media_url(media.path),
        bytes=media.bytes,
        header_bytes=media.header_bytes,
        duration_ms=media.duration_ms,
        media_type=media.media_type,
        sha256=media.sha256,
        from_ms=media.from_ms,
        facts=media.facts,
    )


def _details(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in DETAILS}
