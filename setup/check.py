"""What the machine itself must have before anything else: Python 3.11 that can make environments, and Java 17.

As root on a Debian or Ubuntu machine what is missing is installed; otherwise the set-up stops and names it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from stages import SetupError, say

PYTHON = (3, 11)
JAVAS = (17, 21)
"""What Spark 4.1 runs on. The tests run on 17."""


def main() -> None:
    """Installs or names what is missing.

    Raises:
        SetupError: this is another Python, or something is missing and could not be installed.
    """
    if sys.version_info[:2] != PYTHON:
        raise SetupError(
            f"This is Python {sys.version.split()[0]}, {sys.executable}; Podledger needs 3.11.\n"
            "Where it is installed under another name: make setup PYTHON=/path/to/python3.11"
        )
    import debian  # an older Python cannot: it reads TOML

    if missing := debian.still_missing(missing_packages):
        raise SetupError(debian.what_to_do(missing))
    say("check", f"Python {sys.version.split()[0]}, Java {java_version()}")


def missing_packages() -> dict[str, str]:
    """System packages that are needed and not there, with what was found instead."""
    missing = {}
    if find_spec("ensurepip") is None or find_spec("venv") is None:
        missing["python3-venv"] = f"{sys.executable} cannot make an environment: it has no ensurepip"
    java = java_version()
    if java is None:
        missing["openjdk-17-jre-headless"] = "no working java on the path, and none at JAVA_HOME"
    elif int(java.split(".")[0]) not in JAVAS:
        missing["openjdk-17-jre-headless"] = f"{java_command()} is Java {java}; Spark needs 17 (or 21)"
    return missing


def java_command() -> str:
    """The Java that Spark's own scripts would start."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home else "java"


def java_version() -> str | None:
    """The version of that Java, as in `17.0.15`, or None if there is none that runs."""
    try:
        answer = subprocess.run([java_command(), "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'version "([^"]+)"', answer.stderr)
    return found[1] if found else None
