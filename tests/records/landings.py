"""Where whole landing folders are, and what is in them."""

import gzip
import json
from pathlib import Path

EDGES = Path(__file__).parents[1] / "golden" / "edges"
WORK_TREE = EDGES.parents[2]
WEEK = next(WORK_TREE.parent.glob("*/samples/week"), WORK_TREE / "samples/week")
"""Too large to keep here: read where samples lie beside the work tree."""


def landed(landing: Path) -> list[bytes]:
    """The distinct lines of a landing folder, blank ones too, in some order that stays the same."""
    lines: dict[bytes, None] = {}
    for path in sorted(landing.glob("sync/*/*/*.ndjson.gz")):
        if not any(name.startswith((".", "_")) for name in path.relative_to(landing).parts):
            text = gzip.decompress(path.read_bytes()).removeprefix(b"\xef\xbb\xbf")
            lines.update(dict.fromkeys(text.split(b"\n")))
    return list(lines)


def durations_ms(catalogue: Path) -> dict[str, int]:
    rows = map(json.loads, catalogue.read_text(encoding="utf-8").splitlines())
    return {row["episode_id"]: row["duration_ms"] for row in rows}
