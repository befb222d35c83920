"""The environment .venv: the locked packages, each checked against its hash, and this project, editable."""

import os
import subprocess
import sys

from layout import PYTHON, REPOSITORY, UV, VENV
from stages import fingerprint, run, say, stage

BOOTSTRAP = REPOSITORY / "requirements" / "bootstrap.lock"
LOCK = REPOSITORY / "requirements" / "podledger.lock"
UNFINISHED = VENV / "unfinished"
"""Stands while packages are being written. One interrupted then may look installed and lack files."""

COMMAND = VENV / "bin" / "podledger"


def main() -> None:
    """Makes the environment, the packages and the project, as far as they are not there."""
    if not usable():
        say("environment", f"new, from {base_python()}")
        run([base_python(), "-m", "venv", "--clear", VENV])
    # pip and the network wait as long as a slow line needs; who knows better sets these
    env = {"UV_HTTP_TIMEOUT": "120", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **os.environ}
    packages = fingerprint(BOOTSTRAP, LOCK)
    stage("packages", packages, lambda: install_packages(env))
    stage("project", fingerprint(packages, project_inputs()), lambda: install_project(env), (COMMAND,))


def usable() -> bool:
    """Whether .venv holds a whole environment of the right Python."""
    if UNFINISHED.exists():
        return False
    question = "import sys, importlib.util as u; sys.exit(sys.version_info[:2] != (3, 11) or not u.find_spec('pip'))"
    try:
        return subprocess.run([PYTHON, "-c", question], capture_output=True).returncode == 0
    except OSError:
        return False


def base_python() -> str:
    """The Python to make the environment from; not .venv's own, should that one be running this."""
    return getattr(sys, "_base_executable", None) or sys.executable


def install_packages(env: dict[str, str]) -> str:
    """Brings the environment to exactly what the lock says; returns a line to print."""
    UNFINISHED.touch()
    run([PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", BOOTSTRAP], env)
    run([UV, "pip", "sync", "--quiet", "--python", PYTHON, "--require-hashes", LOCK], env)
    UNFINISHED.unlink()
    return f"{LOCK.read_text().count('==')} packages"


def project_inputs() -> str:
    """What the installation of the project depends on: its metadata, and which packages are in the tree."""
    packages = sorted(path.parent.name for path in REPOSITORY.glob("*/__init__.py"))
    metadata = [(REPOSITORY / name).read_text() for name in ("setup.cfg", "pyproject.toml")]
    return "\n".join([*metadata, *packages])


def install_project(env: dict[str, str]) -> str:
    """Puts the work tree's own packages and the `podledger` command into the environment, offline."""
    offline = ["--quiet", "--offline", "--no-deps", "--no-build-isolation"]
    run([UV, "pip", "install", *offline, "--python", PYTHON, "--editable", REPOSITORY], env)
    return "the command `podledger`, editable"
