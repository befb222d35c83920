"""Telling hubs and podping that a feed changed: written down with the change, tried until they say yes."""

from urllib.parse import quote, urlencode

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.orm import Session

from service.db.database import Database
from service.feeds.models import Notice
from service.feeds.outside import Outside, OutsideFailed
from service.feeds.settings import FeedSettings

_FIRST_WAIT_MS, _LONGEST_WAIT_MS = 5_000, 6 * 3_600_000
_AT_ONCE = 20


def hub_urls(settings: FeedSettings) -> tuple[str, ...]:
    """The hubs of the settings."""
    return tuple(url.strip() for url in settings.hubs.split(",") if url.strip())


def add_notices(session: Session, settings: FeedSettings, show_id: str, feed_url: str, now_ms: int) -> None:
    """Writes down whom to tell; somebody who is still to be told of an earlier change is told once of both."""
    targets = [("websub", hub) for hub in hub_urls(settings)]
    if settings.podping_url:
        targets.append(("podping", settings.podping_url))
    for kind, target in targets:
        waiting = session.scalars(
            select(Notice).where(
                Notice.show_id == show_id, Notice.kind == kind, Notice.target == target, Notice.due_ms.is_not(None)
            )
        ).first()
        if waiting is None:
            waiting = Notice(show_id=show_id, kind=kind, target=target, created_ms=now_ms)
            session.add(waiting)
        waiting.feed_url, waiting.due_ms, waiting.tries = feed_url, now_ms, 0


def deliver_notices(
    database: Database, outside: Outside, settings: FeedSettings, podping_token: str | None, now_ms: int
) -> int:
    """Tells everybody who is due; says how many said yes. Nobody is asked while the database is held."""
    with database.read() as session:
        wanted = select(Notice).where(_is_due(now_ms)).order_by(Notice.due_ms, Notice.id).limit(_AT_ONCE)
        due = list(session.scalars(wanted))
    said_yes = 0
    for notice in due:
        failure = _tell(outside, notice, podping_token)
        said_yes += failure is None
        with database.write() as session:
            kept = session.get(Notice, notice.id)
            if kept is not None and kept.due_ms == notice.due_ms:
                _note(kept, failure, settings.notice_tries, now_ms)
    return said_yes


def _tell(outside: Outside, notice: Notice, podping_token: str | None) -> str | None:
    """None when they said yes, else what they said."""
    try:
        if notice.kind == "websub":
            form = urlencode({"hub.mode": "publish", "hub.url": notice.feed_url, "hub.topic": notice.feed_url})
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(form))}
            answer = outside.ask("POST", notice.target, headers, form.encode())
        else:
            url = f"{notice.target}?url={quote(notice.feed_url, safe='')}&reason=update&medium=podcast"
            answer = outside.ask("GET", url, {"Authorization": podping_token} if podping_token else {})
    except OutsideFailed as error:
        return str(error)
    return None if 200 <= answer.status < 300 else f"answered {answer.status}"


def _note(notice: Notice, failure: str | None, most_tries: int, now_ms: int) -> None:
    notice.tries += 1
    if failure is None:
        notice.due_ms, notice.outcome = None, "told"
    elif notice.tries >= most_tries:
        notice.due_ms, notice.outcome = None, f"gave up: {failure}"[:255]
    else:
        notice.due_ms, notice.outcome = now_ms + _wait_ms(notice.tries), failure[:255]


def _is_due(now_ms: int) -> ColumnElement[bool]:
    """Its time has come, or is further off than it ever waits after so many tries: then the clock went back."""
    waits_ms = case({tries: _wait_ms(tries) for tries in range(16)}, value=Notice.tries, else_=_LONGEST_WAIT_MS)
    return or_(Notice.due_ms <= now_ms, Notice.due_ms - waits_ms > now_ms)


def _wait_ms(tries: int) -> int:
    return 0 if tries == 0 else min(_LONGEST_WAIT_MS, _FIRST_WAIT_MS * 2 ** min(tries - 1, 20))
