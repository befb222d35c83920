"""What clients send and get about feeds."""

from pydantic import BaseModel

from service.catalog.shapes import Line, Strict, Url


class SubscriberIn(Strict):
    """Who is to have a feed of their own; the label is for the creator's eyes."""

    label: Line


class SubscriberOut(BaseModel):
    """Somebody with a feed of their own."""

    id: str
    label: str
    created_ms: int
    revoked_ms: int | None


class SubscriberMade(SubscriberOut):
    """A new subscriber; ``feed_url`` holds their secret and is never shown again."""

    feed_url: str


class NoticeOut(BaseModel):
    """Somebody who was, or is to be, told of a change."""

    kind: str
    target: str
    tries: int
    due_ms: int | None
    outcome: str | None
    created_ms: int


class ImportIn(Strict):
    """A foreign feed."""

    url: Url


class ImportOut(BaseModel):
    """An import; ``report`` has a line for each episode that could not be brought."""

    id: str
    url: str
    state: str
    show_id: str | None
    total: int
    brought: int
    report: str
    created_ms: int
