"""A real service in a process of its own, and what it keeps its things in."""

import gzip
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from service.landing import Landing, LandingBucket, LandingFolder

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


def bucket_place(prefix: str, database_url: str, weed: "Weed") -> Place:
    """A database in PostgreSQL, and a landing folder in a bucket."""
    bucket, keys, client = weed.bucket, weed.keys, weed.client()
    place = f"s3://{bucket}/{prefix}"

    def names(kind: str) -> list[str]:
        listed = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/{kind}/")
        keys_found = [entry["Key"] for page in listed for entry in page.get("Contents", [])]
        return [key.removeprefix(f"{prefix}/") for key in keys_found]

    environment = {
        "PODLEDGER_SERVICE_LANDING_PLACE": place,
        "PODLEDGER_SERVICE_DATABASE_URL": database_url,
        "PODLEDGER_SERVICE_S3_ENDPOINT": weed.endpoint,
        "PODLEDGER_SERVICE_S3_ACCESS_KEY": keys[0],
        "PODLEDGER_SERVICE_S3_SECRET_KEY": keys[1],
        "PODLEDGER_SERVICE_S3_TIMEOUT_S": "5",
    }
    return Place("bucket", environment, LandingBucket(place, client), names, place, weed.environment())


@contextmanager
def running_postgres() -> Iterator[str]:
    """A PostgreSQL of its own on loopback; the URL of it without a database's name.

    It lives outside pytest's folders: those are closed to the user that it must run as when root runs the tests.
    """
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="podledger-postgres-"))
    data = folder / "data"
    as_other: list[str] = []
    if os.geteuid() == 0:
        as_other = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    initdb = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "podledger", "--no-sync"]
    subprocess.run([*as_other, *initdb], check=True, capture_output=True, cwd="/")
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c max_connections=60"
    control = [*as_other, str(programs / "pg_ctl"), "-D", str(data), "-w"]
    starting = [*control, "-o", options, "-l", str(folder / "log"), "start"]
    subprocess.run(starting, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        yield f"postgresql+pg8000://podledger@127.0.0.1:{port}"
    finally:
        stopped = subprocess.run([*control, "-m", "fast", "stop"], capture_output=True, text=True, cwd="/")
        assert stopped.returncode == 0, stopped.stderr
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class Weed:
    """A running SeaweedFS: object storage."""

    endpoint: str
    keys: tuple[str, str]
    bucket: str
    process: "subprocess.Popen[bytes]"

    def environment(self) -> dict[str, str]:
        """How any of Amazon's clients finds it."""
        names = {"AWS_ACCESS_KEY_ID": self.keys[0], "AWS_SECRET_ACCESS_KEY": self.keys[1]}
        return {**names, "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1"}

    def client(self) -> Any:
        """A client of it."""
        import boto3

        names = {"aws_access_key_id": self.keys[0], "aws_secret_access_key": self.keys[1]}
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", **names)


@contextmanager
def running_weed(folder: Path) -> Iterator[Weed]:
    """Object storage of its own on loopback, with one bucket."""
    folder.mkdir(parents=True, exist_ok=True)
    keys, bucket, port = ("tests", "tests-secret"), "podledger", free_port()
    identity = {"name": "tests", "credentials": [{"accessKey": keys[0], "secretKey": keys[1]}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.port": port,
        "s3.config": folder / "s3.json",
        "bucket": bucket,
        "admin.ui": "false",
        "webdav": "false",
        "master.telemetry": "false",
        "master.port": free_port(),
        "volume.port": free_port(),
        "filer.port": free_port(),
    }
    command = [str(PODLEDGER.with_name("weed")), "mini", *(f"-{name}={value}" for name, value in options.items())]
    with (folder / "out").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    weed = Weed(f"http://127.0.0.1:{port}", keys, bucket, process)
    try:
        client = weed.client()

        def takes_objects() -> bool:
            try:
                client.put_object(Bucket=bucket, Key="probe", Body=b"x")
            except Exception:  # noqa: BLE001  # whatever it is, it is not up yet
                assert process.poll() is None, (folder / "out").read_text(errors="replace")[-2000:]
                return False
            return True

        wait_until(takes_objects, 60, "SeaweedFS")
        yield weed
    finally:
        process.kill()  # nothing of it is kept
        process.wait()
