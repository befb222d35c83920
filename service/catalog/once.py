"""Idempotency keys: the same request under the same key is done once, and answered alike each time."""

import hashlib
import json
from collections.abc import Callable
from typing import Annotated

from fastapi import Header
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.catalog.models import IdempotencyKey
from service.core import Core
from service.errors import Problem

KEPT_MS = 7 * 86_400_000

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description=(
            "Anything of your own: a request repeated with it is done once, for seven days, and answered as the first "
            "was; a repeat that comes while the first is under way waits for it. With the key of another request it is "
            "422, with the type `urn:podledger:problem:key_used`: choose a new key. 409, with the type "
            "`urn:podledger:problem:conflict`, is for a request that met another one under way and could not wait for "
            "its answer: send it again as it is, under the same key."
        ),
    ),
]


def answer_once(
    core: Core, account_id: str, key: str | None, asked: BaseModel, make: Callable[[Session], BaseModel]
) -> Response:
    """Makes something in one transaction and answers 201; under a key that was used, answers as it was answered then.

    Raises:
        Problem: 422, the key was used for another request; 409, somebody else took what both wanted meanwhile.
    """
    fingerprint = hashlib.sha256(
        json.dumps([type(asked).__name__, asked.model_dump(mode="json")], sort_keys=True).encode()
    ).hexdigest()
    try:
        with core.database.write() as session:
            known = session.get(IdempotencyKey, (account_id, key)) if key else None
            if known is None:
                body = make(session).model_dump_json()
                _remember(session, core.now_ms(), account_id, key, fingerprint, body)
                return _created(body)
    except IntegrityError as error:
        with core.database.read() as session:
            known = session.get(IdempotencyKey, (account_id, key)) if key else None
        if known is None:
            raise Problem(409, "conflict", "somebody else took that at the same moment; send it again") from error
    if known.fingerprint != fingerprint:
        raise Problem(422, "key_used", "that Idempotency-Key was used for another request; choose a new one")
    return _created(known.body)


def _remember(session: Session, now_ms: int, account_id: str, key: str | None, fingerprint: str, body: str) -> None:
    if key is None:
        return
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_ms < now_ms - KEPT_MS))
    session.add(
        IdempotencyKey(
            account_id=account_id, key=key, fingerprint=fingerprint, status=201, body=body, created_ms=now_ms
        )
    )
    session.flush()


def _created(body: str) -> Response:
    return Response(body, 201, media_type="application/json")
