"""``python -m benchmarks.feeds``: feeds and media through the service's nginx, beside a plain one on the same files.

Starts a service of its own on loopback; needs nginx, wrk and ffmpeg.
"""

import argparse
import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.machine import SERVICE_PACKAGES
from benchmarks.nginx_beside import Answers, load, of_service, plain_nginx
from benchmarks.report import COLOURS, RESULTS, STYLE, table, write_report
from tests.service.publishing.creators import new_creator
from tests.service.publishing.edges import Edge, start_edge
from tests.service.running import folder_place

GOAL = 0.9
TONE = "ffmpeg -v error -f lavfi -i sine=440:duration=60 -b:a 64k"
Rounds = list[tuple[Answers, Answers]]


def main() -> int:
    """Measures, writes the page and prints it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=1, help="of each measurement of requests")
    parser.add_argument("--rounds", type=int, default=12, help="measurements of each kind, by turns")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the report goes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="podledger-feeds-") as folder:
        place = folder_place(Path(folder))
        with start_edge(Path(folder) / "data", place, edge_ship_s=60) as edge, new_creator(edge) as creator:
            show = creator.show("Tides", description="About the sea. " * 200)
            tone = Path(folder) / "tone.mp3"
            subprocess.run([*TONE.split(), str(tone)], check=True)
            made = creator.published(show, tone)
            served = serve_requests(edge, show, made, given.seconds, given.rounds)
    print(write(served, given))
    return 0


def serve_requests(
    edge: Edge, show: dict[str, Any], made: dict[str, Any], seconds: int, rounds: int
) -> dict[str, Rounds]:
    """Requests of each kind, through the service's nginx and a plain one, the order turning round each time."""
    feed, media = (url.removeprefix(edge.url) for url in (show["feed_url"], made["media"]["url"]))
    kinds: dict[str, tuple[str, dict[str, str]]] = {
        "feed, 200, gzip": (feed, {"Accept-Encoding": "gzip"}),
        "feed, 304": (feed, {"If-None-Match": "{etag}"}),
        "media, 200": (media, {}),
        "media, range of 64 KB": (media, {"Range": "bytes=1000-66535"}),
    }
    served: dict[str, Rounds] = {kind: [] for kind in kinds}
    with plain_nginx(edge) as plain:
        ours = of_service(edge)
        for number in range(rounds):
            for kind, (path, headers) in kinds.items():
                order = (ours, plain) if number % 2 else (plain, ours)
                both = {one.url: load(one, path, headers, seconds) for one in order}
                served[kind].append((both[ours.url], both[plain.url]))
    return served


def write(served: dict[str, Rounds], given: argparse.Namespace) -> str:
    """The page, the raw figures and the picture."""
    rows = []
    for kind, rounds in served.items():
        cells = [
            " / ".join(f"{median(getattr(pair[side], name) for pair in rounds):,.{digits}f}" for side in (0, 1))
            for name, digits in (("requests_s", 0), ("p99_ms", 1), ("processor_us", 1))
        ]
        rows.append([kind, *cells, *(f"{median(found):.2f}" for found in shares(rounds))])
    head = ["the service's / a plain nginx", "requests/s", "p99 ms", "processor us a request"]
    page = [
        "# Feeds and media, beside plain files",
        "",
        f"Medians of {given.rounds} rounds of {given.seconds} s each, by turns; shares of what a plain nginx does, "
        f"which writes no log and adds no headers, are medians of those of each round. The goal is {GOAL:g}.",
        "",
        *table([*head, "share of requests/s", "share by processor time"], rows),
    ]
    raw: dict[str, object] = {
        kind: [[*map(dataclasses.asdict, pair)] for pair in rounds] for kind, rounds in served.items()
    }
    return write_report(given.results, "feeds", page, raw, picture(served), SERVICE_PACKAGES)


def shares(rounds: Rounds) -> tuple[list[float], list[float]]:
    """Of each round: our requests a second over a plain nginx's, and its processor time a request over ours."""
    by_rate = [ours.requests_s / plain.requests_s for ours, plain in rounds]
    by_work = [plain.processor_us / max(ours.processor_us, 0.1) for ours, plain in rounds]
    return by_rate, by_work


def picture(served: dict[str, Rounds]) -> Figure:
    """The shares of every round."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 3.2))
        panel = figure.subplots()
        for place, rounds in enumerate(served.values()):
            for found, shift, colour in zip(shares(rounds), (-0.15, 0.15), COLOURS, strict=False):
                panel.plot(found, [place + shift] * len(found), "|", color=colour)
                panel.plot([median(found)], [place + shift], "o", color=colour)
        panel.axvline(GOAL, color="#999999", linewidth=0.8)
        panel.set_yticks(range(len(served)), list(served))
        panel.invert_yaxis()
        panel.set_title("share of a plain nginx: by requests a second (blue), by processor time (orange)")
        figure.tight_layout(rect=(0, 0.15, 1, 1))
    return figure


if __name__ == "__main__":
    sys.exit(main())
