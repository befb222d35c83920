"""The machine and the versions that a result belongs to."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

GIBIBYTE = 1024**3
PACKAGES = ("pyspark", "delta-spark", "deltalake", "pyarrow", "duckdb", "polars")
SERVICE_PACKAGES = ("fastapi", "uvicorn", "SQLAlchemy", "pydantic")
LOAD_BEFORE = os.getloadavg()[1]
"""Load of the machine when the benchmark began."""
ROOT = Path(__file__).resolve().parent.parent


def machine(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """What it ran on: processor, memory, disk, versions of these packages, and how busy the machine was."""
    described = {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{psutil.virtual_memory().total / GIBIBYTE:.0f} GiB",
        "system": f"{platform.system()}, Python {platform.python_version()}, {_java()}",
        "load before it began, mean of 5 minutes": f"{LOAD_BEFORE:.1f}",
        "podledger": _commit(),
    }
    return described | {name: _version(name) for name in packages}


def in_short(described: dict[str, str], packages: Sequence[str] = PACKAGES) -> str:
    """The same in three lines, for the foot of a picture."""
    hardware = ", ".join(described[name] for name in ("processor", "memory"))
    versions = ", ".join(f"{name} {described[name]}" for name in packages)
    return f"{hardware}; podledger {described['podledger']}\n{described['system']}\n{versions}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        return "no Java"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return said.splitlines()[0] if said else "Java"


def _commit() -> str:
    """The commit that was measured, marked where what counts differed from it."""
    changed = _git("status", "--porcelain", "--", "jobs", "expectations", "conf", "service")
    return (_git("rev-parse", "--short", "HEAD") or "no repository") + (" and changes" if changed else "")


def _git(*arguments: str) -> str:
    git = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
