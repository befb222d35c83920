"""The service's nginx beside a plain one on the same files: requests a second, and processor time a request."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil

from tests.service.publishing.edges import Edge
from tests.service.running import free_port, wait_until

CONNECTIONS = 32
PLAIN = """daemon off; pid {folder}/plain.pid; error_log stderr crit; {user} worker_processes 2;
events {{ worker_connections 2048; }}
http {{ access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream; gzip_static on;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port} backlog=1024;
    location /feeds/ {{ alias {feeds}/; }} location /m/ {{ root {media}/public; }} }} }}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """One that runs: where, and its processes."""

    url: str
    processes: list[psutil.Process]

    def processor_s(self) -> float:
        """What it has worked so far."""
        return float(sum(sum(process.cpu_times()[:2]) for process in self.processes))


@dataclass(frozen=True, slots=True)
class Answers:
    """What one short run came to; ``processor_us`` is of nginx, a request."""

    requests_s: float
    p99_ms: float
    processor_us: float


def of_service(edge: Edge) -> Nginx:
    """The one that the service started."""
    assert edge.service.process is not None
    below = psutil.Process(edge.service.process.pid).children(recursive=True)
    return Nginx(edge.url, [process for process in below if "nginx" in process.name()])


def load(nginx: Nginx, path: str, headers: dict[str, str], seconds: int) -> Answers:
    """Asks for one file over and over, by wrk."""
    url = nginx.url + path
    etag = httpx.get(url).headers.get("etag", "")
    named = [part for name, value in headers.items() for part in ("-H", f"{name}: {value.format(etag=etag)}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *named, url]
    worked = nginx.processor_s()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    worked = nginx.processor_s() - worked
    asked, rate = (float(_found(one, said)[0]) for one in (r"(\d+) requests in", r"Requests/sec:\s+([\d.]+)"))
    value, unit = _found(r"99%\s+([\d.]+)(us|ms|s)", said)
    p99_ms = float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
    return Answers(rate, p99_ms, worked / asked * 1e6)


def _found(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    assert found is not None, text
    return found.groups()


@contextmanager
def plain_nginx(edge: Edge) -> Iterator[Nginx]:
    """An nginx with nothing but the files."""
    port, binary = free_port(), shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert binary is not None, "apt-get install nginx-light"
    conf = edge.data / "plain.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    media, feeds = edge.data / "media", edge.data / "feeds"
    conf.write_text(PLAIN.format(folder=edge.data, port=port, feeds=feeds, media=media, user=user))
    process = subprocess.Popen([binary, "-p", str(edge.data), "-e", "stderr", "-c", str(conf)])
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(url), what="an nginx with nothing but the files")
        master = psutil.Process(process.pid)
        yield Nginx(url, [master, *master.children()])
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True
