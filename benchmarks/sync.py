"""``python -m benchmarks.sync``: sync requests a second with durable answers, and what durability costs.

The same service three times: one fdatasync for all that wait (as it runs), one each, and none at all. The client is one
process with plain sockets and requests made beforehand, on the same machine: it takes its share of the processors.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from jobs.records.identity import record_id
from jobs.records.record import Record

PODLEDGER = Path(sys.executable).with_name("podledger")
RECORDS = 50
BODIES_A_DEVICE = 4
DEVICES = 64
WARM_UP_S = 2.0
MODES = {"group": "one fdatasync for all that wait", "each": "one fdatasync a request", "none": "no fdatasync"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run came to."""

    mode: str
    connections: int
    requests_s: float
    p50_ms: float
    p99_ms: float
    refused: int


def main() -> int:
    """Measures every mode at every number of connections, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each run is measured")
    parser.add_argument("--connections", type=int, nargs="+", default=[32, 256])
    parser.add_argument("--modes", nargs="+", default=list(MODES), choices=list(MODES))
    parser.add_argument("--dir", type=Path, help="where the log is written; its disk is what is measured")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results: list[Measured] = []
    if arguments.dir is not None:
        arguments.dir.mkdir(parents=True, exist_ok=True)
    for mode in arguments.modes:
        with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
            results += measure_mode(mode, arguments.connections, arguments.seconds, Path(folder))
    if arguments.json:
        print(json.dumps([dataclasses.asdict(one) for one in results]))
        return 0
    print(f"batches of {RECORDS} records; {os.cpu_count()} processors for service and client together")
    for one in results:
        times = f"p50 {one.p50_ms:6.1f} ms, p99 {one.p99_ms:6.1f} ms"
        print(f"{MODES[one.mode]:<32} {one.connections:>4} connections: {one.requests_s:7.0f} requests/s, {times}")
        if one.refused:
            print(f"{'':<32} {one.refused} requests were not answered 200")
    return 0


def measure_mode(mode: str, connections: list[int], seconds: float, folder: Path) -> list[Measured]:
    """One service, asked by each number of connections in turn."""
    port = free_port()
    process = start(mode, port, folder)
    try:
        wait_until_up(port, process)
        requests = [request for _ in range(DEVICES) for request in made_requests(port)]
        return [asyncio.run(measure(mode, port, number, seconds, requests)) for number in connections]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def start(mode: str, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    """A service whose limits let all of this through."""
    settings = {
        "DATA_FOLDER": str(folder / "data"),
        "LANDING_PLACE": str(folder / "landing"),
        "LOG_SYNC": mode,
        "LIMITS_DEVICE": "1000000000/1",
        "LIMITS_NETWORK": "1000000000/1",
        "LIMITS_REGISTER": "1000000000/1",
    }
    environment = {**os.environ, **{f"PODLEDGER_SERVICE_{name}": value for name, value in settings.items()}}
    command = [str(PODLEDGER), "serve", "--port", str(port)]
    with (folder / "out").open("wb") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)


def made_requests(port: int) -> list[bytes]:
    """Requests of a new device, as bytes. Sent again they are duplicates, which costs the service the same."""
    device_id = uuid.uuid4().hex
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/devices", json={"device_id": device_id}, timeout=30)
    answer.raise_for_status()
    token = answer.json()["token"]
    made = []
    for number in range(BODIES_A_DEVICE):
        records = [made_record(device_id, number * RECORDS + place + 1) for place in range(RECORDS)]
        sent = {"wall_ms": 1_794_355_200_000, "boot_id": "b1", "mono_ms": 9_000_000}
        body = json.dumps(
            {"v": 1, "device_id": device_id, "log_epoch": "e", "sent": sent, "records": records}, separators=(",", ":")
        ).encode()
        head = f"POST /v1/sync HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        made.append(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return made


def made_record(device_id: str, seq: int) -> dict[str, Any]:
    """One stretch of half a minute."""
    plain = Record(
        "0" * 64, seq, "s1", 1_794_355_000_000, "progress", "ep-1", 1_794_355_000_000 + seq * 30_000, "b1",
        seq * 30_000, seq * 30_000, (seq + 1) * 30_000, 1000, 1,
    )  # fmt: skip
    return dataclasses.asdict(dataclasses.replace(plain, id=record_id(device_id, "e", plain)))


async def measure(mode: str, port: int, connections: int, seconds: float, requests: list[bytes]) -> Measured:
    """So many connections, each with one request at a time."""
    times: list[float] = []
    refused = 0
    begins = time.perf_counter() + WARM_UP_S
    ends = begins + seconds

    async def ask(first: int) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        place = first
        while (asked := time.perf_counter()) < ends:
            writer.write(requests[place % len(requests)])
            place += connections
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length[15:]))
            answered = time.perf_counter()
            if asked >= begins and answered <= ends:
                times.append(answered - asked)
                refused += not head.startswith(b"HTTP/1.1 200 ")
        writer.close()

    await asyncio.gather(*(ask(number) for number in range(connections)))
    times.sort()
    p50, p99 = (times[int(len(times) * share)] * 1000 for share in (0.5, 0.99))
    return Measured(mode, connections, len(times) / seconds, p50, p99, refused)


def wait_until_up(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Waits for the first answer."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SystemExit("the service did not come up")


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
