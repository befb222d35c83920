"""Other people's servers, on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(slots=True)
class Abroad:
    """A server of somebody else's: what it gives at which path, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    asked: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)


@contextmanager
def somebody_elses() -> Iterator[Abroad]:
    """Runs one until the block ends."""
    abroad = Abroad()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            abroad.asked.append((self.command, self.path, body, dict(self.headers)))
            content = abroad.files.get(urlsplit(self.path).path)
            status = 404 if content is None else 200
            if content is None and abroad.statuses:
                status = abroad.statuses.pop(0)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        do_GET = do_POST = answer  # noqa: N815  # the names that the base class calls

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    abroad.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield abroad
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
