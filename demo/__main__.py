"""`python -m demo`: a week of listens and a live service through a real Airflow, and what came of it."""

import argparse
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from demo.chain import RunFailed, follow
from demo.live import through_the_service
from demo.platform import Platform, PlatformFailed
from demo.server import HOUSE, AirflowFailed, PrivateAirflow
from demo.summary import as_text, compare
from demo.week import lay, simulated
from jobs.errors import PodledgerError

VAR = HOUSE / "var"
FAILURES = (AirflowFailed, RunFailed, PlatformFailed, PodledgerError, OSError, subprocess.CalledProcessError)


def main(given: Sequence[str] | None = None) -> int:
    """Returns 0 when what was counted is what was played, 1 when something failed, 130 when it was interrupted."""
    options = _options(given)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        week = options.landing or simulated(options.dir / "simulated", podledger())
        if not week.is_dir():
            raise AirflowFailed(f"{week} is no folder: name a landing folder with --landing, or leave it out")
        return _run(week, options)
    except KeyboardInterrupt:
        print("stopped; the next demo takes up what was unfinished")
        return 130
    except FAILURES as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _run(week: Path, options: argparse.Namespace) -> int:
    started = time.monotonic()
    landing, lake = options.dir / "landing", options.dir / "lake"

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:4.0f} s  {text}", flush=True)

    _head("1. A week of listens is landed, counted, checked and published")
    say(f"{lay(week, landing):,} new files of {_short(week)} laid into {_short(landing)}")
    say(f"starting Airflow, which takes some 20 s; its logs: {_short(options.home)}")
    with PrivateAirflow(options.home, landing, lake, port=options.port) as airflow:
        say(f"Airflow is up: {airflow.url}; land starts the rest, from one table to the next")
        follow(airflow, airflow.api.trigger("land"), say)
        _head("2. A service, a creator, and phones on a bad network")
        platform = Platform(options.dir / "service", landing, podledger())
        if platform.missing:
            print(platform.missing, flush=True)
        with platform:
            played = through_the_service(platform, options.dir, say)
            _head("3. What landed meanwhile goes the same way")
            follow(airflow, airflow.api.trigger("land"), say)
            found = compare(played, lake)
            say("done")
            _head("What came of it")
            print(as_text(played, found), end="\n\n", flush=True)
            status = [podledger(), "status", "--landing", str(landing), "--lake", str(lake)]
            subprocess.run(status, env=airflow.env, check=True)
            _where(airflow, platform, week, options)
            if options.keep_airflow:
                print("Airflow and the service stay up until you press Ctrl-C.", flush=True)
                with suppress(KeyboardInterrupt):
                    airflow.until(lambda: False, "Ctrl-C was pressed", within_s=math.inf)
    return 1 if found.differences else 0


def _head(text: str) -> None:
    print(f"\n{text}", flush=True)


def _where(airflow: PrivateAirflow, platform: Platform, week: Path, options: argparse.Namespace) -> None:
    lake, stays = _short(options.dir / "lake"), ""
    if not options.keep_airflow:
        again = [_short(Path(sys.executable)), "-m", "demo", "--landing", _short(week), "--dir", _short(options.dir)]
        stays = f" while it runs; to look at it: {shlex.join([*again, '--keep-airflow'])}"
    print(f"""
Tables     {lake}/<layer>/<table>, Delta; what they hold: docs/tables.md
Data Docs  {lake}/_published/data_docs/index.html
Landing    {_short(options.dir / "landing")}/sync/<day>/<hour>: what the service sealed, beside the week
Phones     {_short(options.dir / "phones")}/<name>: each with its log and the episodes it downloaded
Airflow    {airflow.url}{stays}
Service    {platform.url}/studio likewise; its creator's name and password: {_short(options.dir / "creator.json")}
Next       {_short(Path(podledger()))} show silver/listens --lake {lake}, docs/airflow.md, docs/service.md
""", flush=True)  # fmt: skip


def podledger() -> str:
    """The command: what PODLEDGER_BIN names, else the one beside this Python, else the one on the path."""
    beside = Path(sys.executable).with_name("podledger")
    return os.environ.get("PODLEDGER_BIN") or (str(beside) if beside.exists() else "podledger")


def _options(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__.partition(": ")[2])
    add = parser.add_argument
    add("--landing", type=Path, metavar="DIR", help="landing folder; without one, a small platform is simulated")
    add("--dir", type=Path, default=VAR / "demo", metavar="DIR", help="where all of it goes (default: var/demo)")
    add("--home", type=Path, default=VAR / "airflow", metavar="DIR", help="Airflow's folder (default: var/airflow)")
    add("--port", type=int, default=8080, help="port of Airflow's page, another if taken (default: 8080)")
    add("--keep-airflow", action="store_true", help="leave Airflow and the service up until Ctrl-C")
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
