"""Whether the service is well, and what it counts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from service.core import Core, core_of
from service.errors import try_later

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """The service can do its work."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", responses={503: {"description": "It cannot, and the problem says why."}})
def check_health(core: Annotated[Core, Depends(core_of)]) -> Health:
    """200 while the service can do its work, else 503 with the reason."""
    if not core.database.is_there():
        raise try_later("database_away", "the service cannot reach its database")
    return Health()


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def show_metrics(core: Annotated[Core, Depends(core_of)]) -> Response:
    """The counters, in the text form of Prometheus."""
    return Response(generate_latest(core.metrics.registry), media_type=CONTENT_TYPE_LATEST)
