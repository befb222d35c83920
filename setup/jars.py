"""The Java libraries of conf/jars.toml: fetched where they are missing, verified always, offline afterwards.

Maven fetches them where it is installed, as it is set up on this machine; else, or should it fail, the resolver
that comes with Spark does.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from layout import JARS, REPOSITORY, VENV, spark_home
from stages import SetupError, say

DECLARED = REPOSITORY / "conf" / "jars.toml"


@dataclass(frozen=True)
class Jar:
    """One declared library."""

    group: str
    name: str
    version: str
    sha256: str

    @classmethod
    def declared(cls, coordinates: str, sha256: str) -> Self:
        """A line of conf/jars.toml."""
        group, name, version = coordinates.split(":")
        return cls(group, name, version, sha256)

    @property
    def file(self) -> str:
        """The name it is kept under."""
        return f"{self.name}-{self.version}.jar"


def main() -> None:
    """Leaves exactly the declared libraries in the folder of jars.

    Raises:
        SetupError: they cannot be fetched, or one is not what was declared.
    """
    declared = tomllib.loads(DECLARED.read_text())
    jars = [Jar.declared(coordinates, sha256) for coordinates, sha256 in declared["jars"].items()]
    missing = [jar for jar in jars if not intact(JARS / jar.file, jar)]
    if missing:
        with tempfile.TemporaryDirectory(prefix="podledger-jars-") as folder:
            fetched = fetch(missing, declared["resolver"]["leave_out"], Path(folder))
            keep(missing, fetched)
    for file in JARS.iterdir():
        if file.name not in {jar.file for jar in jars}:
            file.unlink()
    say("jars", f"{len(jars)} verified, {len(missing)} of them fetched" if missing else "up to date")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def intact(path: Path, jar: Jar) -> bool:
    """Whether the library is there and is the declared one."""
    return path.is_file() and sha256(path) == jar.sha256


def fetch(jars: list[Jar], leave_out: list[str], folder: Path) -> dict[str, Path]:
    """Downloads the libraries into a folder; returns the file of each, by the name it will be kept under."""
    if shutil.which("mvn"):
        say("jars", f"fetching {len(jars)} with Maven")
        try:
            return with_maven(jars, folder)
        except SetupError as error:
            say("jars", f"Maven could not: {error}")
    say("jars", f"fetching {len(jars)} with Spark's own resolver")
    return with_spark(jars, leave_out, folder)


def with_maven(jars: list[Jar], folder: Path) -> dict[str, Path]:
    """Lets Maven copy the libraries, each without what it depends on."""
    pom, target = folder / "pom.xml", folder / "maven"
    dependencies = "".join(
        f"<dependency><groupId>{jar.group}</groupId><artifactId>{jar.name}</artifactId><version>{jar.version}</version>"
        "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"
        for jar in jars
    )
    pom.write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>podledger</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{dependencies}</dependencies></project>\n"
    )
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    download(["mvn", "-B", "-q", "-Dstyle.color=never", "-f", pom, *copy], dict(os.environ))
    return {jar.file: target / jar.file for jar in jars}


def with_spark(jars: list[Jar], leave_out: list[str], folder: Path) -> dict[str, Path]:
    """Lets spark-submit resolve the libraries for a script that does nothing."""
    nothing, home, ivy = folder / "nothing.py", folder / "home", folder / "ivy"
    nothing.write_text("")
    home.mkdir()
    env = os.environ | {
        "SPARK_HOME": str(spark_home()),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYSPARK_PYTHON": str(VENV / "bin" / "python"),
        # not the user's own folder: a pom there without its jar stops the resolver
        "SPARK_SUBMIT_OPTS": f"{os.environ.get('SPARK_SUBMIT_OPTS', '')} -Duser.home={home}".strip(),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    env.pop("SPARK_CONF_DIR", None)
    packages = ",".join(f"{jar.group}:{jar.name}:{jar.version}" for jar in jars)
    command: list[str | Path] = [spark_home() / "bin" / "spark-submit", "--master", "local[1]", "--packages", packages]
    command += ["--exclude-packages", ",".join(leave_out), "--conf", f"spark.jars.ivy={ivy}", nothing]
    download(command, env)
    return {jar.file: ivy / "jars" / f"{jar.group}_{jar.file}" for jar in jars}


def download(command: list[str | Path], env: dict[str, str]) -> None:
    """Runs a downloader quietly; what it said last is shown only if it fails."""
    done = subprocess.run(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip() and not line.startswith("\tat ")]
        raise SetupError("\n".join([f"{Path(command[0]).name} ended with exit code {done.returncode}:", *said[-8:]]))


def keep(jars: list[Jar], fetched: dict[str, Path]) -> None:
    """Verifies every library before it keeps the first.

    Raises:
        SetupError: one did not come, or has another SHA-256 than declared.
    """
    for jar in jars:
        path = fetched[jar.file]
        if not path.is_file():
            raise SetupError(f"{jar.file} did not come with the others; is its line in {DECLARED.name} right?")
        if not intact(path, jar):
            raise SetupError(
                f"{jar.file} is not the declared library, and nothing was kept.\n"
                f"  SHA-256 declared  {jar.sha256}\n  SHA-256 fetched   {sha256(path)}\n"
                "Either the download went wrong or was tampered with (try again, from another network), or the line\n"
                f"in {DECLARED.relative_to(REPOSITORY)} is out of date."
            )
    JARS.mkdir(parents=True, exist_ok=True)
    for jar in jars:
        partial = JARS / f"{jar.file}.partial"
        shutil.copyfile(fetched[jar.file], partial)
        partial.replace(JARS / jar.file)
