"""The service of the demo: `podledger serve` on loopback, with nginx before it where that is installed."""

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from demo.server import free_port

UP_WITHIN_S = 120.0
STOP_WITHIN_S = 60.0
LOOK_AGAIN_S = 0.05
SERVICE_PORT, EDGE_PORT = 8470, 8480
SETTINGS = {
    "LOG_SEAL_S": "1",
    "LOG_SEAL_BYTES": "20000",
    "EDGE_SHIP_S": "1",
    "FEEDS_TICK_S": "0.2",
}
"""Smaller and sooner than a day's work wants it: here somebody is waiting."""


class PlatformFailed(RuntimeError):
    """The service did not come up, or ended; says what it said."""


class Platform:
    """Runs until the block ends; may be killed and started again in between."""

    def __init__(self, folder: Path, landing: Path, podledger: str) -> None:
        """Keeps the service's things in ``folder``; it seals into ``landing``."""
        self.folder, self.landing = folder.absolute(), landing.absolute()
        self.has_edge = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None
        self.has_audio = shutil.which("ffmpeg") is not None and shutil.which("ffprobe") is not None
        self.output = self.folder.with_name(f"{self.folder.name}.log")
        self._port, self._edge_port = free_port(SERVICE_PORT), free_port(EDGE_PORT)
        self._podledger = podledger
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where people and devices reach it."""
        return f"http://127.0.0.1:{self._edge_port if self.has_edge else self._port}"

    @property
    def missing(self) -> str:
        """What is not installed, and what the demo does without it; empty where nothing is."""
        said = []
        if not self.has_edge:
            said.append("nginx is not installed: no feeds, no downloads")
        if not self.has_audio:
            said.append("ffmpeg is not installed: nothing can be published, devices hear the week's episodes")
        return "".join(f"{one}\n" for one in said) + (
            "to see it all: apt-get install nginx-light ffmpeg" if said else ""
        )

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> Self:
        """Starts it and returns when it answers.

        Raises:
            PlatformFailed: it does not.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = {"--port": self._port, "--data": self.folder, "--landing": self.landing}
        command = [self._podledger, "serve", *(str(word) for pair in arguments.items() for word in pair)]
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_it_answers()
        return self

    def kill(self) -> None:
        """Ends it as a power cut would, nginx with it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it as an operator would: it seals all there is."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(STOP_WITHIN_S)
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def client(self, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        """A client of it; no proxy stands between."""
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False, transport=transport)

    def is_sealed(self) -> bool:
        """Whether all that was answered is in the landing folder."""
        return not any((self.folder / "log").glob("*.open")) and not any((self.folder / "log").glob("*.closed"))

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + UP_WITHIN_S
        with self.client() as client:
            while time.monotonic() < until:
                assert self._process is not None
                if self._process.poll() is not None:
                    break
                with suppress(httpx.HTTPError):
                    if client.get("/healthz").status_code == 200:
                        return
                time.sleep(LOOK_AGAIN_S)
        said = self.output.read_text(encoding="utf-8", errors="replace")[-1500:]
        raise PlatformFailed(f"the service does not answer on {self.url}; it said, in {self.output}:\n{said}")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PODLEDGER_SERVICE_")}
        listen = f"127.0.0.1:{self._edge_port}" if self.has_edge else ""
        given = {**SETTINGS, "EDGE_LISTEN": listen, "SERVER_PUBLIC_URL": self.url}
        return kept | {f"PODLEDGER_SERVICE_{name}": value for name, value in given.items()}


def keep_json(path: Path, value: object) -> None:
    """Keeps a value for the next demo, for its owner's eyes only; whole or not at all."""
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)
