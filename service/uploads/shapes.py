"""What clients are told of an upload."""

from typing import Any, Literal

from pydantic import BaseModel

from service.uploads.models import Upload


class ReasonOut(BaseModel):
    """One thing that is wrong with a file, or could be better."""

    code: str
    text: str


class UploadOut(BaseModel):
    """An upload. ``reasons`` say why it was refused, ``advice`` what would make an accepted one better."""

    id: str
    kind: str
    target: str | None
    name: str
    length: int
    offset: int
    state: Literal["receiving", "checking", "accepted", "refused"]
    reasons: list[ReasonOut]
    advice: list[ReasonOut]
    facts: dict[str, Any]
    sha256: str | None
    created_ms: int
    expires_ms: int


def upload_out(upload: Upload, offset: int) -> UploadOut:
    """An upload of which so much is there."""
    facts = {name: value for name, value in upload.facts.items() if name != "advice"}
    return UploadOut(
        id=upload.id,
        kind=upload.kind,
        target=upload.target,
        name=upload.name,
        length=upload.length,
        offset=offset,
        state=upload.state,  # type: ignore[arg-type]  # the database lets no other state in
        reasons=[ReasonOut.model_validate(one) for one in upload.reasons],
        advice=[ReasonOut.model_validate(one) for one in upload.facts.get("advice", [])],
        facts=facts,
        sha256=upload.sha256,
        created_ms=upload.created_ms,
        expires_ms=upload.expires_ms,
    )
