"""``python -m benchmarks.beside_sync``: how long a feed takes while 200 sync requests a second are answered.

Feeds are asked for at a steady rate, through the service's nginx, with and without syncs beside them, turn by turn.
Both clients are processes of their own on the same machine.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import httpx
from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.machine import SERVICE_PACKAGES
from benchmarks.report import COLOURS, RESULTS, STYLE, table, write_report
from benchmarks.steady import Answered, Load, Running
from benchmarks.sync import DEVICES, made_requests
from tests.service.publishing.creators import new_creator
from tests.service.publishing.edges import Edge, start_edge
from tests.service.running import folder_place

CONNECTIONS = 16
GOAL = 1.5
FEED_STATUSES = (b"200", b"304")


def main() -> int:
    """Measures, writes the page and prints it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each kind, by turns")
    parser.add_argument("--feeds", type=float, default=200.0, help="feed requests a second")
    parser.add_argument("--syncs", type=float, default=200.0, help="sync requests a second, 50 records each")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the report goes")
    given = parser.parse_args()
    alone, beside, taken = [], [], []
    with (
        tempfile.TemporaryDirectory(prefix="podledger-beside-") as folder,
        start_edge(Path(folder) / "data", folder_place(Path(folder)), log_seal_s=60, edge_ship_s=60) as edge,
    ):
        feeds, syncs = feed_load(edge, given.feeds), sync_load(edge, given.syncs)
        for _ in range(given.repeats):
            with Running(feeds, given.seconds, FEED_STATUSES) as running:
                alone.append(running.answered())
            with Running(syncs, given.seconds + 1, [b"200"]) as other:
                with Running(feeds, given.seconds, FEED_STATUSES) as running:
                    beside.append(running.answered())
                taken.append(other.answered())
    print(write(alone, beside, taken, given))
    return 0


def feed_load(edge: Edge, rate: float) -> Load:
    """Whole feeds as gzip, and as many that have not changed."""
    with new_creator(edge) as creator:
        show = creator.show("Tides")
        url = creator.client.patch(f"/v1/shows/{show['id']}", json={"description": "About the sea. " * 200}).json()
    path = str(url["feed_url"]).removeprefix(edge.url)
    etag = httpx.get(edge.url + path, headers={"Accept-Encoding": "gzip"}).headers["etag"]
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n"
    asked = [f"{head}\r\n".encode(), f"{head}If-None-Match: {etag}\r\n\r\n".encode()]
    return Load(port_of(edge), asked, rate, CONNECTIONS)


def sync_load(edge: Edge, rate: float) -> Load:
    """Batches of many devices, through nginx as devices send them."""
    port = port_of(edge)
    return Load(port, [one for _ in range(DEVICES) for one in made_requests(port)], rate, CONNECTIONS)


def port_of(edge: Edge) -> int:
    """Where nginx listens."""
    return int(edge.url.rpartition(":")[2])


def write(alone: list[Answered], beside: list[Answered], taken: list[Answered], given: argparse.Namespace) -> str:
    """The page."""
    shares = [other.at(0.99) / one.at(0.99) for one, other in zip(alone, beside, strict=True)]
    rows = [
        [name, *(f"{median(one.at(at) for one in runs):.2f}" for at in (0.5, 0.9, 0.99)), f"{rate(runs):.0f}"]
        for name, runs in (("feeds alone", alone), ("feeds beside syncs", beside), ("the syncs", taken))
    ]
    refused = sum(one.refused for one in (*alone, *beside, *taken))
    page = [
        "# Feeds beside syncs",
        "",
        f"{given.feeds:.0f} feed requests a second, half of them 304, alone and beside {given.syncs:.0f} syncs a "
        f"second of 50 records each, all through nginx; medians of {given.repeats} turns of {given.seconds:g} s.",
        "",
        *table(["requests", "p50 ms", "p90 ms", "p99 ms", "answers/s"], rows),
        "",
        f"p99 of a feed beside syncs is {median(shares):.2f} times that alone (turns: "
        f"{', '.join(f'{one:.2f}' for one in shares)}; the goal is {GOAL:g}). Not answered as expected: {refused}. "
        "The picture shows the p99 of each turn.",
    ]
    raw = {name: [one.at(0.99) for one in runs] for name, runs in (("alone", alone), ("beside", beside))}
    return write_report(
        given.results, "beside-sync", page, {"p99_ms": raw, "shares": shares}, picture(raw), SERVICE_PACKAGES
    )


def picture(p99_ms: dict[str, list[float]]) -> Figure:
    """The 99th percentile of each turn."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 3))
        panel = figure.subplots()
        for (name, times), colour in zip(p99_ms.items(), COLOURS, strict=False):
            panel.plot(range(1, len(times) + 1), times, "o-", color=colour, label=f"feeds {name}")
        panel.set_ylim(bottom=0)
        panel.set_xlabel("turn")
        panel.set_title("p99 of a feed, ms; beside: while syncs are answered")
        panel.legend()
        figure.tight_layout(rect=(0, 0.15, 1, 1))
    return figure


def rate(runs: list[Answered]) -> float:
    """Answers a second, the median."""
    return median(one.rate for one in runs)


if __name__ == "__main__":
    sys.exit(main())
