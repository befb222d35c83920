"""Asking other people's servers: with a limit on everything, and never into our own network unless that is meant."""

import ipaddress
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpcore

from service.feeds.settings import OutsideSettings

USER_AGENT = "Podledger/1 (+feeds)"
MAX_REDIRECTS = 5
_SOCKET_OPTION = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class OutsideFailed(Exception):
    """The other server could not be asked, or did not give what was asked for; the text says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``url`` is where it came from in the end."""

    status: int
    url: str
    body: bytes


class _Fence(httpcore.NetworkBackend):
    """Connects to public addresses only: what a name stands for is looked up once, judged, and then used."""

    def __init__(self, private_networks: bool) -> None:
        self._inner = httpcore.SyncBackend()
        self._private_networks = private_networks

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise httpcore.ConnectError(f"there is no server named {host}") from error
        address = str(found[0][4][0])
        if not self._private_networks and not _is_public(address):
            raise httpcore.ConnectError(f"{host} is not on the public internet")
        return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_global and not parsed.is_multicast


class Outside:
    """The door to other servers."""

    def __init__(self, settings: OutsideSettings) -> None:
        """Nothing is opened yet."""
        self._settings = settings
        self._pool = httpcore.ConnectionPool(
            network_backend=_Fence(settings.private_networks), max_connections=8, keepalive_expiry=5.0
        )

    def fetch(self, url: str, most_bytes: int) -> Answer:
        """A document, by GET, through at most five redirects.

        Raises:
            OutsideFailed: it could not be fetched, or is larger.
        """
        with self._open(url) as (response, final):
            pieces = list(_limited(response, most_bytes, self._deadline()))
            return Answer(response.status, final, b"".join(pieces))

    def download(self, url: str, file: Path, most_bytes: int, most_s: float = 3600.0) -> None:
        """A file, by GET.

        Raises:
            OutsideFailed: it could not be fetched whole, or is larger.
        """
        with self._open(url) as (response, _), file.open("wb") as out:
            if response.status != 200:
                raise OutsideFailed(f"{url} answered {response.status}")
            for piece in _limited(response, most_bytes, time.monotonic() + most_s):
                out.write(piece)

    def ask(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """One request without redirects, for its status.

        Raises:
            OutsideFailed: the server could not be asked.
        """
        sent = {"User-Agent": USER_AGENT, **headers}
        try:
            timeout = {"timeout": self._timeouts()}
            with self._pool.stream(
                method, url, headers=list(sent.items()), content=body, extensions=timeout
            ) as response:
                pieces = list(_limited(response, 1 << 16, self._deadline()))
                return Answer(response.status, url, b"".join(pieces))
        except _FAILURES as error:
            raise OutsideFailed(f"{url}: {str(error) or type(error).__name__}") from error

    def close(self) -> None:
        """Lets all connections go."""
        self._pool.close()

    @contextmanager
    def _open(self, url: str) -> Iterator[tuple[httpcore.Response, str]]:
        headers = [("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"), ("Accept", "*/*")]
        try:
            for _ in range(MAX_REDIRECTS + 1):
                _check_scheme(url)
                timeout = {"timeout": self._timeouts()}
                with self._pool.stream("GET", url, headers=headers, extensions=timeout) as response:
                    location = dict(response.headers).get(b"location") or dict(response.headers).get(b"Location")
                    if response.status not in (301, 302, 303, 307, 308) or location is None:
                        yield response, url
                        return
                    url = urljoin(url, location.decode("latin-1"))
        except _FAILURES as error:
            raise OutsideFailed(f"{url}: {str(error) or type(error).__name__}") from error
        raise OutsideFailed(f"{url}: more than {MAX_REDIRECTS} redirects")

    def _timeouts(self) -> dict[str, float]:
        return dict.fromkeys(("connect", "read", "write", "pool"), self._settings.timeout_s)

    def _deadline(self) -> float:
        return time.monotonic() + 3 * self._settings.timeout_s


_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.UnsupportedProtocol)


def _check_scheme(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii():
        raise OutsideFailed(f"{url} is no address that begins with http:// or https://")


def _limited(response: httpcore.Response, most_bytes: int, deadline: float) -> Iterator[bytes]:
    total = 0
    for piece in response.iter_stream():
        total += len(piece)
        if total > most_bytes:
            raise OutsideFailed(f"more than {most_bytes} bytes came")
        if time.monotonic() > deadline:
            raise OutsideFailed("it came too slowly")
        yield piece
