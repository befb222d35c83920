"""Pages of shows: the list, a new one, one with its episodes, its details."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy import select

from service.catalog.episodes import list_episodes
from service.catalog.ids import new_id
from service.catalog.models import Show
from service.catalog.publisher import Publisher
from service.catalog.shapes import ShowChange, ShowDetails, ShowIn
from service.catalog.shows import add_show, change_show, list_shows, own_show, show_out
from service.errors import Problem
from service.feeds.categories import CATEGORIES
from service.feeds.models import Subscriber
from service.feeds.private import new_token
from service.feeds.text import clean_line
from service.shapes import Key
from service.web.forms import faults_of, read_form
from service.web.pages import PageRoute, go_to, page
from service.web.sessions import Creator, Visitor, check_form

router = APIRouter(route_class=PageRoute, include_in_schema=False)

After = Annotated[str | None, Query(max_length=64, pattern=r"^[a-z0-9]+$")]
_PAGE = 50
_CHOICES = [(main, within) for main, inner in CATEGORIES.items() for within in (None, *inner)]


@router.get("/studio")
def shows(visitor: Creator, after: After = None) -> Response:
    """One's own shows."""
    with visitor.core.database.read() as session:
        rows = list_shows(session, visitor.account_id, after, _PAGE)
    following = rows[_PAGE - 1].id if len(rows) > _PAGE else None
    shown = [show_out(row, _addresses(visitor)) for row in rows[:_PAGE]]
    return _page(visitor, "shows.html", shows=shown, next=following)


@router.get("/studio/shows/new")
def new_show_form(visitor: Creator) -> Response:
    """The form for a new show."""
    return _show_form(visitor, None, {"language": "en"}, {})


@router.post("/studio/shows/new")
async def new_show(request: Request, visitor: Creator) -> Response:
    """Makes a show."""
    form = await read_form(request)
    check_form(request, visitor.csrf, form.get("csrf", ""))

    def make() -> str:
        given = ShowIn(**_details(form), private=form.get("private") == "yes")
        with visitor.core.database.write() as session:
            return add_show(session, _addresses(visitor), visitor.account_id, given, visitor.core.now_ms()).id

    try:
        return go_to(f"/studio/shows/{await run_in_threadpool(make)}")
    except ValidationError as error:
        return _show_form(visitor, None, form, faults_of(error), 422)


@router.get("/studio/shows/{show_id}")
def one_show(visitor: Creator, show_id: Key, after: After = None) -> Response:
    """A show, its feed and its episodes."""
    return _show_page(visitor, show_id, after)


@router.get("/studio/shows/{show_id}/edit")
def edit_form(visitor: Creator, show_id: Key) -> Response:
    """The form with a show's details."""
    with visitor.core.database.read() as session:
        show = own_show(session, visitor.account_id, show_id)
    given = ShowDetails.model_validate(show.details)
    first = given.categories[0]
    values: dict[str, Any] = {
        **{name: value or "" for name, value in given.model_dump(mode="json").items()},
        "title": show.title,
        "category": f"{first.name} / {first.within}" if first.within else first.name,
    }
    return _show_form(visitor, show, values, {})


@router.post("/studio/shows/{show_id}/edit")
async def edit_show(request: Request, visitor: Creator, show_id: Key) -> Response:
    """Changes a show's details; its feed follows."""
    form = await read_form(request)
    check_form(request, visitor.csrf, form.get("csrf", ""))

    def change() -> None:
        given = ShowChange(**_details(form))
        with visitor.core.database.write() as session:
            change_show(session, own_show(session, visitor.account_id, show_id), given)
        visitor.core.part(Publisher).publish(show_id)

    try:
        await run_in_threadpool(change)
    except ValidationError as error:
        with visitor.core.database.read() as session:
            show = own_show(session, visitor.account_id, show_id)
        return _show_form(visitor, show, form, faults_of(error), 422)
    return go_to(f"/studio/shows/{show_id}")


@router.post("/studio/shows/{show_id}/subscribers")
async def add_subscriber(request: Request, visitor: Creator, show_id: Key) -> Response:
    """Makes somebody's own feed; its address is shown this once."""
    form = await read_form(request)
    check_form(request, visitor.csrf, form.get("csrf", ""))
    label = clean_line(form.get("label", ""))[:128]

    def make() -> Response:
        token, digest = new_token()
        now_ms = visitor.core.now_ms()
        with visitor.core.database.write() as session:
            if not own_show(session, visitor.account_id, show_id).private or not label:
                raise Problem(400, "no_label", "say whose feed it is to be")
            row = Subscriber(id=new_id("su", now_ms), show_id=show_id, label=label, digest=digest, created_ms=now_ms)
            session.add(row)
        return _show_page(visitor, show_id, None, made=(label, _addresses(visitor).private_feed_url(token)))

    return await run_in_threadpool(make)


@router.post("/studio/shows/{show_id}/subscribers/{subscriber_id}/end")
async def end_subscriber(request: Request, visitor: Creator, show_id: Key, subscriber_id: Key) -> Response:
    """Ends somebody's feed."""
    form = await read_form(request)
    check_form(request, visitor.csrf, form.get("csrf", ""))

    def end() -> None:
        with visitor.core.database.write() as session:
            own_show(session, visitor.account_id, show_id)
            row = session.get(Subscriber, subscriber_id)
            if row is None or row.show_id != show_id:
                raise Problem(404, "no_subscriber", "the show has no such subscriber")
            row.revoked_ms = row.revoked_ms or visitor.core.now_ms()

    await run_in_threadpool(end)
    return go_to(f"/studio/shows/{show_id}")


def _show_page(visitor: Visitor, show_id: str, after: str | None, made: tuple[str, str] | None = None) -> Response:
    with visitor.core.database.read() as session:
        show = own_show(session, visitor.account_id, show_id)
        rows = list_episodes(session, show, after, _PAGE)
        open_ones = select(Subscriber).where(Subscriber.show_id == show_id, Subscriber.revoked_ms.is_(None))
        subscribers = session.scalars(open_ones.order_by(Subscriber.id).limit(200)).all()
    following = rows[_PAGE - 1].id if len(rows) > _PAGE else None
    shown = show_out(show, _addresses(visitor))
    return _page(
        visitor,
        "show.html",
        show=shown,
        episodes=rows[:_PAGE],
        next=following,
        subscribers=subscribers if show.private else [],
        made=made,
    )


def _show_form(
    visitor: Visitor, show: Show | None, values: dict[str, Any], faults: dict[str, str], status: int = 200
) -> Response:
    names = ("title", "description", "language", "category", "author", "owner_email", "explicit", "private")
    kept = {name: values.get(name, "") for name in names}
    return _page(visitor, "show_form.html", status, show=show, values=kept, faults=faults, choices=_CHOICES)


def _details(form: dict[str, str]) -> dict[str, Any]:
    """What the form says, as the API would be told."""
    main, _, within = form.get("category", "").partition(" / ")
    optional = {name: form[name] for name in ("author", "owner_email") if form.get(name)}
    return {
        "title": form.get("title", ""),
        "description": form.get("description", ""),
        "language": form.get("language", "").strip() or "en",
        "categories": [{"name": main, "within": within or None}],
        "explicit": form.get("explicit") == "yes",
        **optional,
    }


def _addresses(visitor: Visitor) -> Any:
    return visitor.core.part(Publisher).addresses


def _page(visitor: Visitor, template: str, status: int = 200, **values: Any) -> Response:
    return page(template, status, csrf=visitor.csrf, name=visitor.name, **values)
