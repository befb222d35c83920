"""The system packages of requirements/debian.toml: which there are, which this machine lacks, and installing those."""

import os
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stages import run, say

DECLARED = Path(__file__).resolve().parent.parent / "requirements" / "debian.toml"
SYSTEM_PROGRAMS = ("/usr/sbin", "/sbin")
"""Where Debian keeps programs that are not on a user's path."""


@dataclass(frozen=True)
class Package:
    """One declared package."""

    name: str
    why: str
    found_by: tuple[str, ...]

    def there(self) -> bool:
        """Whether every program it is recognised by is on this machine."""
        return all(found(program) for program in self.found_by)


def declared(group: str) -> list[Package]:
    """The packages of one group, in the order of the file.

    Raises:
        KeyError: there is no such group.
    """
    rows = tomllib.loads(DECLARED.read_text())["packages"][group]
    return [Package(name, row["why"], tuple(row.get("found_by", ()))) for name, row in rows.items()]


def missing(group: str) -> dict[str, str]:
    """Packages of a group that are not there, with what they are needed for."""
    return {package.name: package.why for package in declared(group) if not package.there()}


def found(program: str) -> bool:
    """Whether a program is there: a name on the path, or a pattern of whole paths."""
    if program.startswith("/"):
        return any(Path("/").glob(program[1:]))
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_PROGRAMS])
    return shutil.which(program, path=path) is not None


def still_missing(lacking: Callable[[], dict[str, str]]) -> dict[str, str]:
    """What is missing after installing what may be installed: with apt-get, as root."""
    packages = lacking()
    if not packages or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return packages
    say("check", f"installing {', '.join(packages)}")
    # RUNLEVEL: a server that is installed is not started; ours have ports and folders of their own
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    run(["apt-get", "update", "-qq"], env)
    run(["apt-get", "install", "-y", "-qq", "-o=Dpkg::Use-Pty=0", "--no-install-recommends", *packages], env)
    return lacking()


def what_to_do(packages: dict[str, str]) -> str:
    """Says what is missing, what for, and how to install it."""
    needed = "\n".join(f"  {package:<24} {why}" for package, why in packages.items())
    return f"This machine lacks, by the names of Debian 12:\n{needed}\nInstall with: {install_line(packages)}"


def install_line(packages: dict[str, str]) -> str:
    """What a person types to install packages."""
    return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
