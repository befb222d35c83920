"""Pages of episodes: their details, their audio and what is wrong with it, and when they appear."""

import re
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy import select

from service.catalog.chapters import keep_chapters
from service.catalog.episodes import (
    add_episode,
    change_episode,
    episode_out,
    own_episode,
    publish_episode,
    withdraw_episode,
)
from service.catalog.models import Show
from service.catalog.publisher import Publisher
from service.catalog.shapes import EpisodeChange, EpisodeDetails, EpisodeIn
from service.catalog.shows import own_show, show_out
from service.errors import Problem
from service.media.files import Files
from service.shapes import Key
from service.uploads.models import Upload
from service.web.forms import faults_of, read_form
from service.web.pages import PageRoute, go_to, page
from service.web.sessions import Creator, Visitor, check_form

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_CHAPTER = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)\s+(\S.*)")


@router.post("/studio/shows/{show_id}/episodes")
async def new_episode(request: Request, visitor: Creator, show_id: Key) -> Response:
    """Makes a draft with a title."""
    form = await read_form(request)
    check_form(request, visitor.csrf, form.get("csrf", ""))

    def make() -> str:
        given = EpisodeIn(title=form.get("title", ""))
        with visitor.core.database.write() as session:
            show = own_show(session, visitor.account_id, show_id)
            return add_episode(session, show, given, visitor.core.now_ms()).id

    try:
        return go_to(f"/studio/episodes/{await run_in_threadpool(make)}")
    except ValidationError as error:
        raise Problem(422, "no_title", "give the episode a title") from error


@router.get("/studio/episodes/{episode_id}")
def one_episode(visitor: Creator, episode_id: Key) -> Response:
    """An episode and all that can be done with it."""
    return _episode_page(visitor, episode_id, None, {})


@router.post("/studio/episodes/{episode_id}/edit")
async def edit_episode(request: Request, visitor: Creator, episode_id: Key) -> Response:
    """Changes an episode's details; if it is published, its feed follows."""
    form = await read_form(request)
    check_form(request, visitor.csrf, form.get("csrf", ""))

    def change() -> None:
        given = EpisodeChange(**_details(form))
        with visitor.core.database.write() as session:
            episode = own_episode(session, visitor.account_id, episode_id)
            change_episode(session, episode, given)
            keep_chapters(visitor.core.part(Files), session.get_one(Show, episode.show_id), episode)
        visitor.core.part(Publisher).publish(episode.show_id)

    try:
        await run_in_threadpool(change)
    except ValidationError as error:
        return await run_in_threadpool(_episode_page, visitor, episode_id, form, faults_of(error), 422)
    return go_to(f"/studio/episodes/{episode_id}")


@router.post("/studio/episodes/{episode_id}/publish")
async def publish(request: Request, visitor: Creator, episode_id: Key) -> Response:
    """Puts the episode into its feed, now or at the time that was chosen."""
    form = await read_form(request)
    check_form(request, visitor.csrf, form.get("csrf", ""))
    at_ms = _instant_ms(form["at"]) if form.get("at") else None

    def put() -> None:
        with visitor.core.database.write() as session:
            episode = own_episode(session, visitor.account_id, episode_id)
            publish_episode(session, episode, at_ms, visitor.core.now_ms())
        visitor.core.part(Publisher).publish(episode.show_id)

    await run_in_threadpool(put)
    return go_to(f"/studio/episodes/{episode_id}")


@router.post("/studio/episodes/{episode_id}/withdraw")
async def withdraw(request: Request, visitor: Creator, episode_id: Key) -> Response:
    """Takes the episode out of its feed, or a scheduled one back."""
    form = await read_form(request)
    check_form(request, visitor.csrf, form.get("csrf", ""))

    def take() -> None:
        with visitor.core.database.write() as session:
            episode = own_episode(session, visitor.account_id, episode_id)
            withdraw_episode(session, episode, visitor.core.now_ms())
        visitor.core.part(Publisher).publish(episode.show_id)

    await run_in_threadpool(take)
    return go_to(f"/studio/episodes/{episode_id}")


def _episode_page(
    visitor: Visitor, episode_id: str, form: dict[str, str] | None, faults: dict[str, str], status: int = 200
) -> Response:
    addresses = visitor.core.part(Publisher).addresses
    with visitor.core.database.read() as session:
        episode = own_episode(session, visitor.account_id, episode_id)
        show = session.get_one(Show, episode.show_id)
        shown = episode_out(session, episode, show, addresses)
        mine = select(Upload).where(Upload.target == episode_id, Upload.account_id == visitor.account_id)
        upload = session.scalars(mine.order_by(Upload.id.desc()).limit(1)).one_or_none()
    values = form if form is not None else _values(shown.title, shown.details)
    names = ("title", "description", "season", "episode", "episode_type", "explicit", "chapters", "persons")
    return page(
        "episode.html",
        status,
        csrf=visitor.csrf,
        name=visitor.name,
        show=show_out(show, addresses),
        episode=shown,
        upload=upload,
        values={name: values.get(name, "") for name in names},
        faults=faults,
        waits=upload is not None and upload.state == "checking",
    )


def _values(title: str, details: EpisodeDetails) -> dict[str, Any]:
    """An episode's details as the form writes them."""
    explicit = {None: "", True: "yes", False: "no"}[details.explicit]
    return {
        "title": title,
        "description": details.description,
        "season": details.season or "",
        "episode": details.episode or "",
        "episode_type": details.episode_type.value,
        "explicit": explicit,
        "chapters": "\n".join(f"{_clock(one.start_ms)} {one.title}" for one in details.chapters),
        "persons": "\n".join(f"{one.name}, {one.role}" for one in details.persons),
    }


def _details(form: dict[str, str]) -> dict[str, Any]:
    """What the form says, as the API would be told."""
    return {
        "title": form.get("title", ""),
        "description": form.get("description", ""),
        "season": _number(form.get("season", "")),
        "episode": _number(form.get("episode", "")),
        "episode_type": form.get("episode_type", "full"),
        "explicit": {"yes": True, "no": False}.get(form.get("explicit", "")),
        "chapters": [_chapter(line) for line in form.get("chapters", "").splitlines() if line.strip()],
        "persons": [_person(line) for line in form.get("persons", "").splitlines() if line.strip()],
    }


def _number(text: str) -> int | str | None:
    text = text.strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else text or None


def _chapter(line: str) -> dict[str, Any] | str:
    """``12:34 Title``; anything else is handed on, for the check to refuse."""
    found = _CHAPTER.fullmatch(line.strip())
    if found is None:
        return line
    hours, minutes, seconds, title = found.groups()
    start_ms = ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000
    return {"start_ms": start_ms, "title": title}


def _person(line: str) -> dict[str, str]:
    name, _, role = line.partition(",")
    return {"name": name, "role": role.strip().lower() or "host"}


def _clock(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _instant_ms(text: str) -> int:
    try:
        return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Problem(422, "no_time", "choose a date and a time, in UTC") from error
