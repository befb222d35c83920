"""What nginx refuses by itself, as problem documents (RFC 9457)."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A status, what it says, and the statuses of nginx that become it."""

    status: int
    title: str
    detail: str
    instead_of: tuple[int, ...]

    def document(self) -> bytes:
        """The JSON that is answered."""
        named = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return json.dumps(named).encode() + b"\n"


PROBLEMS = (
    Problem(400, "Bad request", "The request cannot be read.", (400, 494)),
    Problem(403, "Forbidden", "The link is not valid; fetch the feed again for a new one.", (403,)),
    Problem(404, "Not found", "There is nothing at this address.", (404,)),
    Problem(405, "Method not allowed", "Files can be read with GET and HEAD.", (405,)),
    Problem(408, "Request timeout", "The request took too long to arrive; send it again.", (408,)),
    Problem(410, "Gone", "The link has expired; fetch the enclosure's address again for a new one.", (410,)),
    Problem(413, "Content too large", "The body is larger than is taken here.", (413,)),
    Problem(414, "URI too long", "The address is longer than is taken here.", (414,)),
    Problem(416, "Range not satisfiable", "The file is shorter than the range that was asked for.", (416,)),
    Problem(429, "Too many requests", "Too many connections at once; try again shortly.", (429,)),
    Problem(500, "Internal error", "Something is wrong here; it has been noted.", (500,)),
    Problem(503, "Service unavailable", "The service is away for a moment; try again shortly.", (502, 503, 504)),
)
