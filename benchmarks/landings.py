"""Simulated landing folders, made once for each version of the simulator."""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "var" / "benchmarks"
SEED, DAYS = 1, 7


@dataclass(frozen=True)
class Simulated:
    """A simulated platform: its landing folder, its truth, and what lies there."""

    folder: Path
    records: int
    lines: int
    gzip_bytes: int

    @property
    def landing(self) -> Path:
        """The landing folder."""
        return self.folder / "landing"

    @property
    def truth(self) -> Path:
        """What really happened."""
        return self.folder / "truth"

    def warm_page_cache(self) -> None:
        """Read every file once, so that no run has to fetch it from the disk."""
        for path in self.landing.rglob("*.gz"):
            path.read_bytes()


def simulated(cache: Path, records: int) -> Simulated:
    """A simulated platform of about that many records."""
    folder = cache / f"simulated-{records}-{_simulator_version()}"
    if not (folder / "summary.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-m", "simulator", "--out", str(folder), "--records", str(records)]
        command += ["--days", str(DAYS), "--seed", str(SEED), "--json"]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
        (folder / "summary.json").write_text(said)
    summary = json.loads((folder / "summary.json").read_text())
    return Simulated(folder, summary["records"], summary["lines"], summary["bytes"])


def _simulator_version() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOT / "simulator").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
