"""What bodies and parameters are made of, shared by all routes."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"

Item = TypeVar("Item")


class Shape(BaseModel):
    """A JSON object with these members and no others, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=NO_CONTROLS)]
"""A line of text for people."""

Key = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:~-]+$")]
"""An id in a path."""

DeviceId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:~-]+$")]


class Page(Shape, Generic[Item]):
    """A part of a list; ``next`` is what to give as ``after`` for more, null at the end."""

    items: list[Item]
    next: str | None


Limit = Annotated[int, Query(ge=1, le=200, description="Most items to give.")]
After = Annotated[
    str | None,
    Query(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:~-]+$", description="`next` of the page before."),
]


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, object]] = Field(default_factory=list)


def problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The problem answers of a route, for its ``responses``."""
    return {status: {"model": ProblemDocument, "description": WORDS[status]} for status in sorted(statuses)}


WORDS = {
    400: "It cannot be read.",
    401: "No token, or none that holds.",
    403: "The token is for something else.",
    404: "There is no such thing, or it is somebody else's.",
    405: "Not this method.",
    408: "The body was too slow.",
    409: "It is there already, or in another state.",
    413: "Too large.",
    415: "Unknown encoding or type.",
    422: "Something in it is wrong; `errors` says what.",
    429: "Too often; come back after `Retry-After`.",
    503: "Not now; come back after `Retry-After`.",
}
