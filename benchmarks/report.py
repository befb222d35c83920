"""Results as a page, raw figures and a picture, with the machine and the versions beside them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.machine import PACKAGES, in_short, machine

RESULTS = Path(__file__).resolve().parent / "results"
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "svg.hashsalt": "podledger",
    "svg.fonttype": "none",
    "legend.frameon": False,
}
FOOT_POINTS = 6.5
COLOURS = ("#1b6ca8", "#e07a1f", "#4a9c5d", "#8a5fa8", "#b5483c", "#6b7280", "#c9a227")


def write_report(
    folder: Path,
    name: str,
    page: Sequence[str],
    raw: object,
    figure: Figure | None = None,
    packages: Sequence[str] = PACKAGES,
) -> str:
    """Write `<name>.md`, `<name>.json` and, with a figure, `<name>.svg` into a folder; the page.

    `page` are the lines of the page, its title first; the picture goes below the title,
    the machine to the end, with the versions of these packages.
    """
    described = machine(packages)
    picture = ["", f"![{page[0].lstrip('# ')}]({name}.svg)"] if figure else []
    foot = [f"- {what}: {value}" for what, value in described.items()]
    text = "\n".join([page[0], *picture, *page[1:], "", *foot, ""])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text)
    (folder / f"{name}.json").write_text(json.dumps({"machine": described, **_as_object(raw)}, indent=1) + "\n")
    if figure:
        figure.text(0.01, 0.005, in_short(described, packages), fontsize=FOOT_POINTS, color="#555555", va="bottom")
        with rc_context(STYLE):
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    return text


def table(head: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> list[str]:
    """The lines of a table, its first columns aligned left and the others right."""
    align = ["---"] * left + ["--:"] * (len(head) - left)
    return [f"| {' | '.join(str(cell) for cell in cells)} |" for cells in (head, align, *rows)]


def _as_object(raw: object) -> dict[str, object]:
    return raw if isinstance(raw, dict) else {"runs": raw}
