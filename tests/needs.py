"""Real servers and clients that a test runs: without one it is skipped, in the continuous integration it fails."""

import os
import sys
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parent.parent / "setup"


def needs(*names: str) -> None:
    """Goes on if these packages of requirements/debian.toml are on this machine."""
    if str(SETUP) not in sys.path:
        sys.path.append(str(SETUP))  # what lies there is no package: its modules know each other by name
    import debian

    declared = {package.name: package for group in ("serve", "test") for package in debian.declared(group)}
    missing = {name: declared[name].why for name in names if not declared[name].there()}
    if missing and os.environ.get("CI"):
        pytest.fail(debian.what_to_do(missing))
    if missing:
        pytest.skip(debian.install_line(missing))
