"""The week that a demo begins with: somebody's landing folder, or one made up, laid into the demo's own."""

import os
import shutil
import subprocess
from pathlib import Path

SIMULATION = ("--devices", "50", "--days", "5", "--seed", "7")
CATALOGUE = Path("catalog") / "episodes.ndjson"


def simulated(folder: Path, podledger: str) -> Path:
    """A landing folder made up by the simulator; made once, as the same seed gives the same."""
    if not folder.is_dir():
        print(f"simulating {SIMULATION[1]} devices over {SIMULATION[3]} days")
        unfinished = folder.with_name("simulating")
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run([podledger, "simulate", "--out", str(unfinished), *SIMULATION], check=True)
        unfinished.rename(folder)
    return folder / "landing"


def lay(week: Path, landing: Path) -> int:
    """Lays the week's files into the demo's landing folder, where they are not there yet; how many that were.

    Sealed files never change, so they are linked where that can be, else copied. The catalogue is laid once: afterwards
    the service is the publisher of record there, and an episode once landed stays known.
    """
    laid = 0
    for file in sorted(week.glob("sync/*/*/*.ndjson.gz")):
        there = landing / file.relative_to(week)
        if not there.exists() or there.stat().st_mtime_ns != file.stat().st_mtime_ns:
            _put(file, there)
            laid += 1
    if (week / CATALOGUE).exists():
        content, laid_before = (week / CATALOGUE).read_bytes(), landing / CATALOGUE.with_name(".laid.ndjson")
        if not laid_before.exists() or laid_before.read_bytes() != content:
            _put(week / CATALOGUE, landing / CATALOGUE, may_link=False)
            laid_before.write_bytes(content)
    return laid


def _put(file: Path, there: Path, *, may_link: bool = True) -> None:
    """Puts a file there whole, with its time."""
    there.parent.mkdir(parents=True, exist_ok=True)
    draft = there.with_name(f".{there.name}")
    draft.unlink(missing_ok=True)
    try:
        if not may_link:
            raise OSError
        os.link(file, draft)
    except OSError:
        shutil.copyfile(file, draft)
        shutil.copystat(file, draft)
    draft.replace(there)
