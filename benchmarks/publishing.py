"""``python -m benchmarks.publishing``: how long it takes to publish one episode in a show of thousands.

From the request until the new feed is there, through the service and its nginx on loopback; needs nginx and ffmpeg.
"""

import argparse
import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.feeds import TONE
from benchmarks.long_show import Published, publish_in_long_show
from benchmarks.machine import SERVICE_PACKAGES
from benchmarks.report import COLOURS, RESULTS, STYLE, table, write_report
from tests.service.publishing.creators import new_creator
from tests.service.publishing.edges import start_edge
from tests.service.running import folder_place

GOAL_MS = 200


def main() -> int:
    """Measures, writes the page and prints it; returns 1 when an older item or the tag was not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=5000, help="that the show has before")
    parser.add_argument("--repeats", type=int, default=20, help="publications, one after the other")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the report goes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="podledger-publishing-") as folder:
        place = folder_place(Path(folder))
        # looking round for what is due once a second, as it is set by default
        with start_edge(Path(folder) / "data", place, feeds_tick_s=1) as edge, new_creator(edge) as creator:
            show, tone = creator.show("A long show"), Path(folder) / "tone.mp3"
            subprocess.run([*TONE.split(), str(tone)], check=True)
            creator.published(show, tone)
            published = publish_in_long_show(creator, show, tone, given.episodes, given.repeats)
    print(write(published, given))
    return 0 if all(one.items_stayed for one in published) else 1


def write(published: list[Published], given: argparse.Namespace) -> str:
    """The page, the raw figures and the picture."""
    kinds = {
        "until the request is answered, the new feed's file being there": "answered_ms",
        "until the new feed has been read through nginx": "wall_ms",
        "the service's processor time": "processor_ms",
    }
    rows = []
    for kind, name in kinds.items():
        times = sorted(getattr(one, name) for one in published)
        rows.append([kind, *(f"{one:.0f}" for one in (median(times), times[0], times[-1]))])
    within = sum(one.wall_ms < GOAL_MS for one in published)
    last = published[-1]
    page = [
        "# Publishing in a long show",
        "",
        f"One more episode in a show of {given.episodes:,}, {len(published)} times one after the other; ms from the "
        "request on. The catalogue with a line for each episode is written and synced before the feed.",
        "",
        *table(["", "median", "least", "worst"], rows),
        "",
        f"Within {GOAL_MS} ms: {within} of {len(published)}. Older items byte for byte the same and the tag another: "
        f"{sum(one.items_stayed for one in published)} of {len(published)}. The feed itself holds {last.feed_items:,} "
        f"items, {last.feed_bytes:,} bytes; older ones stand in pages that do not change.",
    ]
    raw = {"published": [dataclasses.asdict(one) for one in published]}
    return write_report(given.results, "publishing", page, raw, picture(published), SERVICE_PACKAGES)


def picture(published: list[Published]) -> Figure:
    """Each publication."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 3))
        panel = figure.subplots()
        turns = range(1, len(published) + 1)
        for name, label, colour in (("wall_ms", "wall clock", COLOURS[0]), ("processor_ms", "processor", COLOURS[1])):
            panel.plot(turns, [getattr(one, name) for one in published], "o-", color=colour, label=label)
        panel.axhline(GOAL_MS, color="#999999", linewidth=0.8)
        panel.set_ylim(bottom=0)
        panel.set_xlabel("publication")
        panel.set_title("ms from the request until the new feed has been read")
        panel.legend()
        figure.tight_layout(rect=(0, 0.15, 1, 1))
    return figure


if __name__ == "__main__":
    sys.exit(main())
