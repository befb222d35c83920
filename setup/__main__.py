"""`python3 setup`, or `make setup`: makes .venv ready to work.

    check        Python, Java and what else the machine itself must have
    environment  .venv with exactly the locked packages, and this project in it
    jars         the Java libraries of conf/jars.toml, verified
    spark        Spark's settings, and an archive of its classes so that sessions start quickly

and, where they are asked for by name:

    serving      what `podledger serve` and the demo need of the machine
    testing      servers and clients that the tests run

Every stage is skipped while its inputs are the same, and an interrupted one is done again. The network is needed
only where something is missing. Without an argument the first four run; arguments name some of them.
"""

from __future__ import annotations

import fcntl
import os
import sys
from importlib import import_module
from pathlib import Path

from stages import SetupError

STAGES = ("check", "environment", "jars", "spark")
MORE_STAGES = ("serving", "testing")


def main(names: list[str]) -> int:
    """Runs the named stages in their order, those of every day without a name; returns the exit code."""
    known = (*STAGES, *MORE_STAGES)
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"setup: no stage {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    folder = os.open(Path(__file__).parent, os.O_RDONLY)
    wait_for_others(folder)
    try:
        for name in known:
            if name in (names or STAGES):
                import_module(name).main()  # imported late: what follows `check` needs the right Python
    except SetupError as error:
        print(f"setup: stopped. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; run it again to go on", file=sys.stderr)
        return 130
    finally:
        os.close(folder)
    return 0


def wait_for_others(folder: int) -> None:
    """Two set-ups of one work tree take turns."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("setup: waiting for another set-up of this work tree", flush=True)
        fcntl.flock(folder, fcntl.LOCK_EX)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
