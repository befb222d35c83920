"""Real servers and clients for the tests: system packages, and packages of npm from their lock file.

Without the rights to install them the tests that need them skip, each saying what is missing; where CI is set, a
missing one is an error.
"""

import os

import debian
from layout import NPM_CLIENTS
from stages import SetupError, fingerprint, run, say, stage


def main() -> None:
    """Installs what is missing, as far as it may.

    Raises:
        SetupError: something is missing, could not be installed, and this is the continuous integration.
    """
    missing = debian.still_missing(lambda: {**debian.missing("serve"), **debian.missing("test")})
    if missing and os.environ.get("CI"):
        raise SetupError(debian.what_to_do(missing))
    if missing:
        say("testing", f"{debian.what_to_do(missing)}\nThe tests that need them are skipped.")
    if debian.found("npm"):
        inputs = fingerprint(NPM_CLIENTS / "package.json", NPM_CLIENTS / "package-lock.json")
        stage("clients", inputs, install_npm_clients, (NPM_CLIENTS / "node_modules",))


def install_npm_clients() -> str:
    """Brings node_modules to exactly what the lock file says; returns a line to print."""
    run(["npm", "ci", "--prefix", NPM_CLIENTS, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
    return "packages of npm that the tests run as they come"
