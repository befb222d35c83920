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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.machine import SERVICE_PACKAGES
from benchmarks.report import COLOURS, RESULTS, STYLE, table, write_report
from jobs.records.identity import record_id
from jobs.records.record import Record

PODLEDGER = Path(sys.executable).with_name("podledger")
RECORDS = 50
BODIES_A_DEVICE = 4
DEVICES = 64
WARM_UP_S = 1.0
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
    """Measures every mode at every number of connections, by turns; writes the page and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each run is measured")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each kind, by turns")
    parser.add_argument("--connections", type=int, nargs="+", default=[32, 256])
    parser.add_argument("--modes", nargs="+", default=list(MODES), choices=list(MODES))
    parser.add_argument("--dir", type=Path, help="where the log is written; its disk is what is measured")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the report goes")
    arguments = parser.parse_args()
    if arguments.dir is not None:
        arguments.dir.mkdir(parents=True, exist_ok=True)
    results: list[Measured] = []
    with ExitStack() as stack:
        services = {mode: stack.enter_context(running(mode, arguments.dir)) for mode in arguments.modes}
        for turn in range(arguments.repeats):
            for connections in arguments.connections:
                for mode in arguments.modes if turn % 2 == 0 else reversed(arguments.modes):
                    port, requests = services[mode]
                    measured = measure(mode, port, connections, arguments.seconds, requests)
                    results.append(asyncio.run(measured))
    print(write(results, arguments.seconds, arguments.repeats, arguments.results))
    return 0


@contextmanager
def running(mode: str, where: Path | None) -> Iterator[tuple[int, list[bytes]]]:
    """A service of its own, idle while the others are measured: its port, and requests for it."""
    with tempfile.TemporaryDirectory(dir=where) as folder:
        port = free_port()
        process = start(mode, port, Path(folder))
        try:
            wait_until_up(port, process)
            yield port, [request for _ in range(DEVICES) for request in made_requests(port)]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def write(results: list[Measured], seconds: float, repeats: int, folder: Path) -> str:
    """The page, the raw figures and the picture."""
    kinds = list(dict.fromkeys((one.connections, one.mode) for one in results))
    by_kind = {kind: [one for one in results if (one.connections, one.mode) == kind] for kind in kinds}
    rows = []
    for (connections, mode), runs in by_kind.items():
        free = by_kind.get((connections, "none"), runs)
        shares = [one.requests_s / other.requests_s for one, other in zip(runs, free, strict=True)]
        rates = [one.requests_s for one in runs]
        times = (median(one.p50_ms for one in runs), median(one.p99_ms for one in runs))
        between = f"{min(rates):,.0f} to {max(rates):,.0f}"
        rows.append(
            [
                *(MODES[mode], connections, f"{median(rates):,.0f}", between, *(f"{one:.1f}" for one in times)),
                *(f"{median(shares):.2f}", sum(one.refused for one in runs)),
            ]
        )
    head = ["the log", "connections", "requests/s", "least to most", "p50 ms", "p99 ms", "of no fdatasync", "not 200"]
    page = [
        "# Syncs with durable answers",
        "",
        f"Batches of {RECORDS} records; medians of {repeats} runs of {seconds:g} s each, by turns, each kind on a "
        "service of its own. Service and client share the processors. The share is the median of those of each turn.",
        "",
        *table(head, rows),
    ]
    raw = {"runs": [dataclasses.asdict(one) for one in results]}
    return write_report(folder, "sync", page, raw, picture(by_kind), SERVICE_PACKAGES)


def picture(by_kind: dict[tuple[int, str], list[Measured]]) -> Figure:
    """Requests a second of each kind, all runs over their median."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 3.4))
        panel = figure.subplots()
        names = [f"{MODES[mode]}, {connections}" for connections, mode in by_kind]
        colours = [COLOURS[list(MODES).index(mode)] for _, mode in by_kind]
        middles = [median(one.requests_s for one in runs) for runs in by_kind.values()]
        bars = panel.barh(names, middles, color=colours)
        panel.bar_label(bars, [f"{middle:,.0f}" for middle in middles], padding=6)
        for place, runs in enumerate(by_kind.values()):
            panel.plot([one.requests_s for one in runs], [place] * len(runs), "|", color="#333333")
        panel.invert_yaxis()
        panel.margins(x=0.12)
        panel.set_title("requests a second, by connections; strokes are single runs")
        figure.tight_layout(rect=(0, 0.13, 1, 1))
    return figure


def start(mode: str, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    """A service whose limits let all of this through."""
    settings = {
        "DATA_FOLDER": str(folder / "data"),
        "LANDING_PLACE": str(folder / "landing"),
        "LOG_SYNC": mode,
        "EDGE_LISTEN": "",
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
