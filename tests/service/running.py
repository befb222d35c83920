"""A real service in a process of its own, and what it keeps its things in."""

import gzip
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from service.landing import Landing, LandingFolder

PODLEDGER = Path(sys.executable).with_name("podledger")
UP_WITHIN_S = 600.0
LOOK_AGAIN_S = 0.02
SERVER_PORTS = range(10_000, 20_000)
SECRET = "for-tests-only-0123456789abcdefghij"


def free_port() -> int:
    """A port on loopback that nobody listens on, from those that the system gives to no outgoing connection.

    One that it picked itself might be taken by a client before the server that is meant to have it is up.
    """
    for port in random.sample(SERVER_PORTS, len(SERVER_PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port on 127.0.0.1")


def wait_until(there: Callable[[], Any], within_s: float = 30.0, what: str = "it") -> Any:
    """What ``there`` gives as soon as it is true."""
    end = time.monotonic() + within_s
    while not (found := there()):
        assert time.monotonic() < end, f"{what} did not come within {within_s:g} s"
        time.sleep(LOOK_AGAIN_S)
    return found


@dataclass(slots=True)
class Place:
    """Where a service keeps its things: settings for its environment, and a landing folder to look into.

    The jobs find that at ``landing_of_jobs``, with ``keys_of_jobs`` in their environment.
    """

    name: str
    environment: dict[str, str]
    landing: Landing
    names: Callable[[str], list[str]]
    """The files of one kind: ``sync`` or ``edge``."""
    landing_of_jobs: str
    keys_of_jobs: dict[str, str] = field(default_factory=dict)

    def landed_names(self, kind: str = "sync") -> list[str]:
        """The files of one kind, in order."""
        return sorted(self.names(kind))

    def landed(self, kind: str = "sync") -> list[dict[str, Any]]:
        """Every landed line of every file of a kind."""
        return [json.loads(line) for line in self.landed_lines(kind)]

    def landed_lines(self, kind: str = "sync") -> list[bytes]:
        """The lines as they stand there."""
        lines: list[bytes] = []
        for name in self.landed_names(kind):
            content = self.landing.read(name)
            assert content is not None
            *whole, rest = gzip.decompress(content).split(b"\n")
            assert rest == b"", f"{name} does not end in a line feed"
            lines.extend(whole)
        return lines


@dataclass(slots=True)
class Service:
    """One service; it may be killed and started again, and keeps its port."""

    data: Path
    place: Place
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    before: Callable[[], None] | None = None
    """Runs in the new process before the service does."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> Path:
        """What it said."""
        return self.data.with_name(f"{self.data.name}.out")

    def start(self) -> "Service":
        """Starts it and waits until it answers."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [str(PODLEDGER), "serve", "--port", str(self.port), "--data", str(self.data)],
                env=self._environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                preexec_fn=self.before,
            )
        try:
            wait_until(self._answers, UP_WITHIN_S, f"an answer of {self.url}")
        except AssertionError as error:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGABRT)  # it says where it hangs
                self.process.wait()
            raise AssertionError(f"{error}; it said: {self.said()[-6000:]}") from error
        return self

    def stop(self) -> None:
        """Ends it as an operator would."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(60) in (0, -signal.SIGTERM), self.said()

    def kill(self) -> None:
        """Ends it as a power cut would, as far as one process can."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def said(self) -> str:
        """Its output so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def client(self, **more: Any) -> httpx.Client:
        """A client of it."""
        return httpx.Client(base_url=self.url, timeout=60, **more)

    def unsealed(self) -> list[Path]:
        """Segments that are not in the landing folder yet."""
        return [path for path in (self.data / "log").glob("*") if path.suffix in (".open", ".closed")]

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        text = httpx.get(f"{self.url}/metrics", timeout=30).text
        values = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(value) for value in values)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the service ended: {self.said()[-3000:]}"
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def _environment(self) -> Mapping[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PODLEDGER_SERVICE_")}
        own = {
            "PYTHONFAULTHANDLER": "1",
            "PODLEDGER_SERVICE_SECRET": SECRET,
            "PODLEDGER_SERVICE_LOG_SEAL_S": "0.2",
            "PODLEDGER_SERVICE_EDGE_LISTEN": "",
            "PODLEDGER_SERVICE_ACCOUNTS_ARGON_MEMORY_KIB": "1024",
            "PODLEDGER_SERVICE_ACCOUNTS_ARGON_PASSES": "1",
            "PODLEDGER_SERVICE_LIMITS_REGISTER": "100000/60",
            "PODLEDGER_SERVICE_LIMITS_DEVICE": "100000/60",
            "PODLEDGER_SERVICE_LIMITS_SIGN_IN": "100000/60",
            "PODLEDGER_SERVICE_LIMITS_ACCOUNT": "100000/60",
            "PODLEDGER_SERVICE_LIMITS_NETWORK": "1000000/60",
        }
        return {**inherited, **own, **self.place.environment, **self.settings}


def folder_place(folder: Path) -> Place:
    """SQLite in the data folder, and a landing folder on the disk."""
    landing = folder / "landing"

    def names(kind: str) -> list[str]:
        return [path.relative_to(landing).as_posix() for path in landing.glob(f"{kind}/*/*/[!._]*.ndjson.gz")]

    settings = {"PODLEDGER_SERVICE_LANDING_PLACE": str(landing)}
    return Place("folder", settings, LandingFolder(landing), names, str(landing))
