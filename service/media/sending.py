"""Answers that are read from the media store while they are sent."""

import logging

from fastapi.responses import StreamingResponse
from starlette.types import Send

from service.media.store import MediaAway

log = logging.getLogger(__name__)


class StoreResponse(StreamingResponse):
    """A body whose pieces raise `MediaAway` when the store goes away in the middle.

    The status is sent by then. So the transfer breaks off without its end, which a client tells from a whole answer,
    and the log has one line of it.
    """

    async def stream_response(self, send: Send) -> None:
        """Sends what there is; the server closes the connection of an answer that was not completed."""
        try:
            await super().stream_response(send)
        except MediaAway as error:
            log.error("an answer was broken off, its client may ask again: %s; see docs/runbooks/uploads.md", error)
