"""``/v1/shows`` and ``/v1/episodes``: the catalogue for creators' programs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy.orm import Session

from service.accounts.guards import account_of, needs
from service.accounts.tokens import Principal, Scope
from service.catalog.chapters import keep_chapters
from service.catalog.chores import repeat
from service.catalog.episodes import (
    add_episode,
    change_episode,
    episode_out,
    list_episodes,
    own_episode,
    publish_episode,
    withdraw_episode,
)
from service.catalog.export import archive, export_show
from service.catalog.models import Show
from service.catalog.once import Key as OnceKey
from service.catalog.once import answer_once
from service.catalog.publisher import Publisher
from service.catalog.shapes import EpisodeChange, EpisodeIn, EpisodeOut, PublishIn, ShowChange, ShowIn, ShowOut
from service.catalog.shows import add_show, change_show, list_shows, own_show, show_out
from service.core import Core, core_of
from service.errors import try_later
from service.media.files import Files
from service.media.sending import StoreResponse
from service.shapes import After, Key, Limit, Page, problems

router = APIRouter(tags=["catalogue"])

CoreOf = Annotated[Core, Depends(core_of)]
Reader = Annotated[Principal, Depends(needs(Scope.SHOWS_READ))]
Writer = Annotated[Principal, Depends(needs(Scope.SHOWS_WRITE))]


@asynccontextmanager
async def running(core: Core) -> AsyncIterator[None]:
    """Publishes what is due, and what an earlier run left undone, for as long as the app runs."""
    core.add_part(Files(core))
    publisher = Publisher(core)
    core.add_part(publisher)
    await run_in_threadpool(publisher.prepare)
    async with repeat(core.settings.feeds.tick_s, publisher.catch_up):
        yield


@router.post(
    "/v1/shows", status_code=201, response_model=ShowOut, responses=problems(400, 401, 403, 409, 413, 422, 429, 503)
)
def make_show(core: CoreOf, creator: Writer, given: ShowIn, key: OnceKey = None) -> Response:
    """Makes a show; it has a plain cover until it is given one."""
    account_id, addresses = account_of(creator), core.part(Publisher).addresses

    def make(session: Session) -> ShowOut:
        show = add_show(session, addresses, account_id, given, core.now_ms())
        return show_out(show, addresses)

    return answer_once(core, account_id, key, given, make)


@router.get("/v1/shows", responses=problems(401, 403, 422, 429, 503))
def all_shows(core: CoreOf, creator: Reader, after: After = None, limit: Limit = 50) -> Page[ShowOut]:
    """One's own shows, the oldest first."""
    addresses = core.part(Publisher).addresses
    with core.database.read() as session:
        rows = list_shows(session, account_of(creator), after, limit)
    items = [show_out(row, addresses) for row in rows[:limit]]
    return Page[ShowOut](items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/v1/shows/{show_id}", responses=problems(401, 403, 404, 422, 429, 503))
def one_show(core: CoreOf, creator: Reader, show_id: Key) -> ShowOut:
    """A show of one's own."""
    with core.database.read() as session:
        return show_out(own_show(session, account_of(creator), show_id), core.part(Publisher).addresses)


@router.get(
    "/v1/shows/{show_id}/archive",
    response_class=StoreResponse,
    responses={200: {"content": {"application/x-tar": {}}}, **problems(401, 403, 404, 422, 429, 503)},
)
def take_show_along(core: CoreOf, creator: Reader, show_id: Key) -> StoreResponse:
    """A show with all its data and files, as a tar."""
    store = core.part(Files).store
    if not store.is_there():
        raise try_later("media_away", "files cannot be read just now; try again later")
    with core.database.read() as session:
        show = export_show(session, own_show(session, account_of(creator), show_id))
    headers = {"Content-Disposition": f'attachment; filename="{show["slug"]}.tar"'}
    return StoreResponse(archive(store, show), headers=headers, media_type="application/x-tar")


@router.patch("/v1/shows/{show_id}", responses=problems(400, 401, 403, 404, 413, 422, 429, 503))
def edit_show(core: CoreOf, creator: Writer, show_id: Key, given: ShowChange) -> ShowOut:
    """Changes what the body names; its feed follows at once."""
    publisher = core.part(Publisher)
    with core.database.write() as session:
        show = own_show(session, account_of(creator), show_id)
        change_show(session, show, given)
        shown = show_out(show, publisher.addresses)
    publisher.publish(show_id)
    return shown


@router.post(
    "/v1/shows/{show_id}/episodes",
    status_code=201,
    response_model=EpisodeOut,
    responses=problems(400, 401, 403, 404, 409, 413, 422, 429, 503),
)
def make_episode(core: CoreOf, creator: Writer, show_id: Key, given: EpisodeIn, key: OnceKey = None) -> Response:
    """Makes a draft in a show."""
    account_id, addresses = account_of(creator), core.part(Publisher).addresses

    def make(session: Session) -> EpisodeOut:
        show = own_show(session, account_id, show_id)
        episode = add_episode(session, show, given, core.now_ms())
        keep_chapters(core.part(Files), show, episode)
        return episode_out(session, episode, show, addresses)

    return answer_once(core, account_id, key, given, make)


@router.get("/v1/shows/{show_id}/episodes", responses=problems(401, 403, 404, 422, 429, 503))
def all_episodes(
    core: CoreOf, creator: Reader, show_id: Key, after: After = None, limit: Limit = 50
) -> Page[EpisodeOut]:
    """A show's episodes, whatever their state, in the order in which they were made."""
    addresses = core.part(Publisher).addresses
    with core.database.read() as session:
        show = own_show(session, account_of(creator), show_id)
        rows = list_episodes(session, show, after, limit)
        items = [episode_out(session, row, show, addresses) for row in rows[:limit]]
    return Page[EpisodeOut](items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/v1/episodes/{episode_id}", responses=problems(401, 403, 404, 422, 429, 503))
def one_episode(core: CoreOf, creator: Reader, episode_id: Key) -> EpisodeOut:
    """An episode of one's own."""
    with core.database.read() as session:
        episode = own_episode(session, account_of(creator), episode_id)
        return episode_out(session, episode, session.get_one(Show, episode.show_id), core.part(Publisher).addresses)


@router.patch("/v1/episodes/{episode_id}", responses=problems(400, 401, 403, 404, 413, 422, 429, 503))
def edit_episode(core: CoreOf, creator: Writer, episode_id: Key, given: EpisodeChange) -> EpisodeOut:
    """Changes what the body names; if it is published, its feed follows at once."""
    publisher = core.part(Publisher)
    with core.database.write() as session:
        episode = own_episode(session, account_of(creator), episode_id)
        show = session.get_one(Show, episode.show_id)
        change_episode(session, episode, given)
        keep_chapters(core.part(Files), show, episode)
        shown = episode_out(session, episode, show, publisher.addresses)
    if shown.status == "published":
        publisher.publish(shown.show_id)
    return shown


@router.post("/v1/episodes/{episode_id}/publish", responses=problems(400, 401, 403, 404, 409, 413, 422, 429, 503))
def publish(core: CoreOf, creator: Writer, episode_id: Key, given: PublishIn) -> EpisodeOut:
    """Puts an episode into its feed, now or at a time to come. Doing it again changes nothing."""
    publisher = core.part(Publisher)
    with core.database.write() as session:
        episode = own_episode(session, account_of(creator), episode_id)
        show = session.get_one(Show, episode.show_id)
        publish_episode(session, episode, given.at_ms, core.now_ms())
        shown = episode_out(session, episode, show, publisher.addresses)
    if shown.status == "published":
        publisher.publish(shown.show_id)
    return shown


@router.post("/v1/episodes/{episode_id}/withdraw", responses=problems(401, 403, 404, 422, 429, 503))
def withdraw(core: CoreOf, creator: Writer, episode_id: Key) -> EpisodeOut:
    """Takes an episode out of its feed, or a scheduled one back. What was heard of it still counts."""
    publisher = core.part(Publisher)
    with core.database.write() as session:
        episode = own_episode(session, account_of(creator), episode_id)
        show = session.get_one(Show, episode.show_id)
        withdraw_episode(session, episode, core.now_ms())
        shown = episode_out(session, episode, show, publisher.addresses)
    publisher.publish(shown.show_id)
    return shown
