"""`python -m demo`: lands a folder in a real Airflow, waits until it is published, and says where things are."""

import argparse
import math
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from demo.chain import RunFailed, follow
from demo.server import HOUSE, AirflowFailed, PrivateAirflow

VAR = HOUSE / "var"
SIMULATED = VAR / "demo" / "simulated"
SIMULATION = ("--devices", "50", "--days", "5", "--seed", "7")


def main(given: Sequence[str] | None = None) -> int:
    """Returns 0 when everything is published, 1 when something failed, 130 when it was interrupted."""
    options = _options(given)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        landing = options.landing or _simulated()
        if not landing.is_dir():
            raise AirflowFailed(f"{landing} is no folder: name a landing folder with --landing, or leave it out")
        _run(landing, options)
    except KeyboardInterrupt:
        print("stopped; the next demo takes up what was unfinished")
        return 130
    except (AirflowFailed, RunFailed, subprocess.CalledProcessError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def _run(landing: Path, options: argparse.Namespace) -> None:
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:4.0f} s  {text}", flush=True)

    say(f"starting Airflow, which takes some 20 s; its logs: {_short(options.home)}")
    with PrivateAirflow(options.home, landing, options.lake, port=options.port) as airflow:
        say(f"Airflow is up: {airflow.url}")
        say(f"land everything in {_short(landing)}; the rest starts from one table to the next")
        follow(airflow, airflow.api.trigger("land"), say)
        say("published")
        print(flush=True)
        subprocess.run(
            [podledger(), "status", "--landing", str(landing), "--lake", str(options.lake)], env=airflow.env, check=True
        )
        _where(airflow, landing, options)
        if options.keep_airflow:
            print("Airflow stays up until you press Ctrl-C.", flush=True)
            with suppress(KeyboardInterrupt):
                airflow.until(lambda: False, "Ctrl-C was pressed", within_s=math.inf)


def _where(airflow: PrivateAirflow, landing: Path, options: argparse.Namespace) -> None:
    lake = _short(options.lake)
    page = airflow.url
    if not options.keep_airflow:
        python = _short(Path(sys.executable))
        again = [python, "-m", "demo", "--landing", _short(landing), "--lake", lake, "--keep-airflow"]
        page = f"{page} while it runs; to look at it: {shlex.join(again)}"
    print(f"""
Tables     {lake}/<layer>/<table>, Delta; what they hold: docs/tables.md
Data Docs  {lake}/_published/data_docs/index.html
Airflow    {page}
Next       {_short(Path(podledger()))} show silver/listens --lake {lake}, docs/airflow.md, docs/runbooks
""", flush=True)  # fmt: skip


def _simulated() -> Path:
    """A landing folder made up by the simulator; made once, as the same seed gives the same."""
    if not SIMULATED.is_dir():
        print(f"simulating {SIMULATION[1]} devices over {SIMULATION[3]} days")
        unfinished = SIMULATED.with_name("simulating")
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run([podledger(), "simulate", "--out", str(unfinished), *SIMULATION], check=True)
        unfinished.rename(SIMULATED)
    return SIMULATED / "landing"


def podledger() -> str:
    """The command: what PODLEDGER_BIN names, else the one beside this Python, else the one on the path."""
    beside = Path(sys.executable).with_name("podledger")
    return os.environ.get("PODLEDGER_BIN") or (str(beside) if beside.exists() else "podledger")


def _options(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__.partition(": ")[2])
    add = parser.add_argument
    add("--landing", type=Path, metavar="DIR", help="landing folder; without one, a small platform is simulated")
    add("--lake", type=Path, default=VAR / "demo" / "lake", metavar="DIR", help="lake (default: var/demo/lake)")
    add("--home", type=Path, default=VAR / "airflow", metavar="DIR", help="Airflow's folder (default: var/airflow)")
    add("--port", type=int, default=8080, help="port of Airflow's page, another if taken (default: 8080)")
    add("--keep-airflow", action="store_true", help="leave Airflow up until Ctrl-C")
    return parser.parse_args(given)


def _short(path: Path) -> str:
    """The path as seen from where one is, where that is shorter."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
