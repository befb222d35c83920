"""Subscribers of private shows and their feeds, imports of foreign feeds, OPML, and the export of one's shows."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import select

from service.accounts.guards import account_of, needs
from service.accounts.tokens import Principal, Scope
from service.catalog.chores import repeat
from service.catalog.ids import new_id
from service.catalog.models import Show
from service.catalog.publisher import Publisher
from service.catalog.shows import list_shows, own_show
from service.core import Core, core_of
from service.errors import Problem
from service.feeds.importing import Importer
from service.feeds.models import Import, Notice, Subscriber
from service.feeds.notices import deliver_notices
from service.feeds.opml import Subscription, read_opml, write_opml
from service.feeds.outside import Outside
from service.feeds.parsing import NotReadable
from service.feeds.private import find_subscriber, new_token, render_private
from service.feeds.shapes import ImportIn, ImportOut, NoticeOut, SubscriberIn, SubscriberMade, SubscriberOut
from service.limits import BodyLimit
from service.settings import Settings
from service.shapes import After, Key, Limit, Page, problems

router = APIRouter(tags=["feeds"])

CoreOf = Annotated[Core, Depends(core_of)]
Older = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="`next` of the page before.")]
Reader = Annotated[Principal, Depends(needs(Scope.SHOWS_READ))]
Writer = Annotated[Principal, Depends(needs(Scope.SHOWS_WRITE))]
Token = Annotated[str, Path(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
PageNumber = Annotated[int, Path(ge=1, le=100_000)]
_OPML_BYTES, _OPML_S = 8 << 20, 60.0
_MOST_IMPORTS = 200


@asynccontextmanager
async def running(core: Core) -> AsyncIterator[None]:
    """Tells hubs and podping of changes, and brings foreign feeds in, for as long as the app runs."""
    settings = core.settings
    outside = Outside(settings.outside)
    importer = Importer(core, outside)

    def tell() -> None:
        deliver_notices(core.database, outside, settings.feeds, core.secrets.podping_token, core.now_ms())

    async with AsyncExitStack() as stack:
        stack.callback(outside.close)
        await stack.enter_async_context(repeat(settings.feeds.tick_s, tell))
        await stack.enter_async_context(repeat(settings.feeds.tick_s, importer.run_waiting))
        yield


def body_limits(_settings: Settings) -> list[BodyLimit]:
    """OPML files may be long."""
    return [BodyLimit("/v1/imports/opml", _OPML_BYTES, _OPML_S)]


@router.post(
    "/v1/shows/{show_id}/subscribers", status_code=201, responses=problems(400, 401, 403, 404, 409, 413, 422, 429, 503)
)
def add_subscriber(core: CoreOf, creator: Writer, show_id: Key, given: SubscriberIn) -> SubscriberMade:
    """Makes somebody's own feed of a private show. Its address holds a secret and is shown this once."""
    token, digest = new_token()
    now_ms = core.now_ms()
    with core.database.write() as session:
        show = own_show(session, account_of(creator), show_id)
        if not show.private:
            raise Problem(409, "not_private", "everybody may subscribe to this show; give them its feed")
        row = Subscriber(id=new_id("su", now_ms), show_id=show.id, label=given.label, digest=digest, created_ms=now_ms)
        session.add(row)
    feed_url = core.part(Publisher).addresses.private_feed_url(token)
    return SubscriberMade(id=row.id, label=row.label, created_ms=now_ms, revoked_ms=None, feed_url=feed_url)


@router.get("/v1/shows/{show_id}/subscribers", responses=problems(401, 403, 404, 422, 429, 503))
def all_subscribers(
    core: CoreOf, creator: Reader, show_id: Key, after: After = None, limit: Limit = 50
) -> Page[SubscriberOut]:
    """Who has a feed of their own, those whose feed was ended included."""
    with core.database.read() as session:
        own_show(session, account_of(creator), show_id)
        wanted = select(Subscriber).where(Subscriber.show_id == show_id, Subscriber.id > (after or ""))
        rows = session.scalars(wanted.order_by(Subscriber.id).limit(limit + 1)).all()
    items = [SubscriberOut.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return Page[SubscriberOut](items=items, next=items[-1].id if len(rows) > limit else None)


@router.delete(
    "/v1/shows/{show_id}/subscribers/{subscriber_id}", status_code=204, responses=problems(401, 403, 404, 422, 429, 503)
)
def end_subscriber(core: CoreOf, creator: Writer, show_id: Key, subscriber_id: Key) -> None:
    """Ends somebody's feed, and with it the addresses of its files."""
    with core.database.write() as session:
        own_show(session, account_of(creator), show_id)
        row = session.get(Subscriber, subscriber_id)
        if row is None or row.show_id != show_id:
            raise Problem(404, "no_subscriber", "the show has no such subscriber")
        row.revoked_ms = row.revoked_ms or core.now_ms()


@router.get("/v1/shows/{show_id}/notices", responses=problems(401, 403, 404, 422, 429, 503))
def all_notices(core: CoreOf, creator: Reader, show_id: Key, after: Older = None, limit: Limit = 50) -> Page[NoticeOut]:
    """Whom the show's feed told of changes, the newest first, and what they said."""
    with core.database.read() as session:
        own_show(session, account_of(creator), show_id)
        wanted = select(Notice).where(Notice.show_id == show_id)
        if after is not None:
            wanted = wanted.where(Notice.id < after)
        rows = session.scalars(wanted.order_by(Notice.id.desc()).limit(limit + 1)).all()
    items = [NoticeOut.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return Page[NoticeOut](items=items, next=str(rows[limit - 1].id) if len(rows) > limit else None)


_PRIVATE: dict[str, Any] = {"status_code": 200, "response_class": Response, "responses": problems(404, 422, 503)}


@router.get("/feeds/private/{token}.xml", **_PRIVATE)
@router.head("/feeds/private/{token}.xml", include_in_schema=False)
def private_feed(request: Request, core: CoreOf, token: Token) -> Response:
    """A subscriber's own feed."""
    return _private_page(request, core, token, None)


@router.get("/feeds/private/{token}/{number}.xml", **_PRIVATE)
@router.head("/feeds/private/{token}/{number}.xml", include_in_schema=False)
def private_feed_page(request: Request, core: CoreOf, token: Token, number: PageNumber) -> Response:
    """An older page of it."""
    return _private_page(request, core, token, number)


def _private_page(request: Request, core: Core, token: str, number: int | None) -> Response:
    with core.database.read() as session:
        found = find_subscriber(session, token)
    rendered = None
    if found is not None:
        slug = found[1].slug
        name = f"{slug}.xml" if number is None else f"{slug}/{number}.xml"
        rendered = render_private(core.part(Publisher).private / name, token, request.headers)
    if rendered is None:
        raise Problem(404, "no_feed", "there is no such feed, or the subscription has ended")
    return Response(rendered.body, rendered.status, rendered.headers)


@router.post("/v1/imports", status_code=202, responses=problems(400, 401, 403, 413, 422, 429, 503))
def begin_import(core: CoreOf, creator: Writer, given: ImportIn) -> ImportOut:
    """Brings a foreign show in, media included; it becomes a show of one's own."""
    return _shown(_begin_imports(core, account_of(creator), [given.url])[0])


@router.post(
    "/v1/imports/opml",
    status_code=202,
    responses=problems(400, 401, 403, 413, 429, 503),
    openapi_extra={"requestBody": {"content": {"text/x-opml": {"schema": {"type": "string"}}}, "required": True}},
)
async def begin_opml_import(request: Request, core: CoreOf, creator: Writer) -> list[ImportOut]:
    """Brings every show of an OPML file in."""
    try:
        shows = read_opml(await request.body())
    except NotReadable as error:
        raise Problem(400, "unreadable", str(error)) from error
    if len(shows) > _MOST_IMPORTS:
        raise Problem(413, "too_many", f"the list names {len(shows)} shows; at most {_MOST_IMPORTS} at once")
    urls = [show.feed_url for show in shows if len(show.feed_url) <= 2048 and show.feed_url.isascii()]
    return [_shown(row) for row in _begin_imports(core, account_of(creator), urls)]


def _begin_imports(core: Core, account_id: str, urls: list[str]) -> list[Import]:
    now_ms = core.now_ms()
    rows = [
        Import(
            id=new_id("im", now_ms),
            account_id=account_id,
            url=url,
            state="waiting",
            total=0,
            brought=0,
            report="",
            created_ms=now_ms,
        )
        for url in urls
    ]
    with core.database.write() as session:
        session.add_all(rows)
    return rows


@router.get("/v1/imports", responses=problems(401, 403, 422, 429, 503))
def all_imports(core: CoreOf, creator: Reader, after: After = None, limit: Limit = 50) -> Page[ImportOut]:
    """One's own imports and how they stand."""
    wanted = select(Import).where(Import.account_id == account_of(creator), Import.id > (after or ""))
    with core.database.read() as session:
        rows = session.scalars(wanted.order_by(Import.id).limit(limit + 1)).all()
    items = [_shown(row) for row in rows[:limit]]
    return Page[ImportOut](items=items, next=items[-1].id if len(rows) > limit else None)


@router.get(
    "/v1/opml", response_class=Response, responses={200: {"content": {"text/x-opml": {}}}, **problems(401, 403, 429)}
)
def export_opml(core: CoreOf, creator: Reader) -> Response:
    """One's public shows as OPML."""
    addresses = core.part(Publisher).addresses
    listed: list[Show] = []
    after: str | None = None
    with core.database.read() as session:
        while rows := list_shows(session, account_of(creator), after, 200)[:200]:
            listed.extend(row for row in rows if not row.private)
            after = rows[-1].id
    shows = [Subscription(row.title, addresses.feed_url(row.slug)) for row in listed]
    return Response(write_opml("Shows", shows), media_type="text/x-opml")


def _shown(row: Import) -> ImportOut:
    return ImportOut.model_validate(row, from_attributes=True)
