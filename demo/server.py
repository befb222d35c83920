"""Starts and stops an Airflow of its own: SQLite, LocalExecutor, loopback only, everything below one folder."""

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from demo.client import AirflowApi

HOUSE = Path(__file__).resolve().parent.parent
DAG_IDS = ("land", "count", "listens", "publish", "replay", "maintain", "close")
COMPONENTS = ("api-server", "scheduler --skip-serve-logs", "dag-processor")
"""No triggerer, as no task here is deferred; no log server, which would listen on every interface."""

STOP_ORDER = ("db", "scheduler", "dag-processor", "api-server")

UP_WITHIN_S = 180.0
STOP_WITHIN_S = 20.0
POLL_S = 0.25


class AirflowFailed(RuntimeError):
    """Airflow did not come up, went away, or is in use already; says what to look at."""


class PrivateAirflow:
    """An Airflow that belongs to this process: started on entry, and all of it gone on exit."""

    def __init__(
        self, home: Path, landing: Path, lake: Path, *, port: int = 8080, people: Mapping[str, str] | None = None
    ) -> None:
        """Keeps its database and logs in ``home``; takes another port when this one is taken.

        ``people`` are its users with their passwords, all of them admins; without them everyone is one.
        """
        self.home = home.absolute()
        self.logs = self.home / "components"
        self.port = free_port(port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = environment(os.environ, self.home, self.port, landing.absolute(), lake.absolute())
        self.people = dict(people or {})
        self.api = self.signed_in(next(iter(self.people), None))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lock: IO[str] | None = None

    def signed_in(self, person: str | None) -> AirflowApi:
        """Its interface as that person uses it."""
        return AirflowApi(self.url, person, self.people.get(person or "", ""))

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> Self:
        """Starts with an empty database and returns when the scheduler works and knows every DAG.

        Raises:
            AirflowFailed: it did not come up in time, or a DAG does not load.
        """
        self._take_home()
        for old in self.home.glob("airflow.db*"):
            old.unlink()
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir()
        if self.people:
            self._let_in()
        self._launch("db migrate").wait(UP_WITHIN_S)
        if self.processes.pop("db").returncode:
            raise AirflowFailed(f"Airflow's database could not be made; see {self.logs / 'db.log'}")
        for name in COMPONENTS:
            self._launch(name)
        self.until(self.api.is_healthy, "Airflow is up")
        self.api.make_pool("lake_writer", 1, "One writer a lake: see docs/airflow.md")
        self.until(lambda: self.api.knows(DAG_IDS), "every DAG is loaded", hint=self.api.import_errors)
        return self

    def stop(self) -> None:
        """Ends the components, and whatever of them is still there after a while or when interrupted again.

        The scheduler goes first: it ends its tasks, and they report that to the API server.
        """
        for name in sorted(self.processes, key=STOP_ORDER.index):
            process = self.processes[name]
            _signal(process, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                process.wait(STOP_WITHIN_S)
            _signal(process, signal.SIGKILL)
            process.wait()
        self.processes.clear()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def until(
        self,
        condition: Callable[[], bool],
        what: str,
        within_s: float = UP_WITHIN_S,
        hint: Callable[[], str] = lambda: "",
    ) -> None:
        """Waits until the condition holds.

        Raises:
            AirflowFailed: it did not in time, or a component of Airflow ended meanwhile.
        """
        deadline = time.monotonic() + within_s
        pause = threading.Event()
        while not condition():
            ended = [name for name, process in self.processes.items() if process.poll() is not None]
            if ended:
                raise AirflowFailed(f"Airflow's {ended[0]} ended; see {self.logs / ended[0]}.log")
            if time.monotonic() > deadline:
                raise AirflowFailed(f"after {within_s:.0f} s still not so: {what}; {hint() or f'see {self.logs}'}")
            pause.wait(POLL_S)

    def _let_in(self) -> None:
        """Makes users of the people, with the passwords they were given."""
        passwords = self.home / "passwords.json"
        passwords.touch(mode=0o600)
        passwords.write_text(json.dumps(self.people), encoding="utf-8")
        self.env |= {
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{person}:admin" for person in self.people),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        }

    def _take_home(self) -> None:
        """Locks the folder; the components hold the lock too, lest another start while one of them is left."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = (self.home / "in-use").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.seek(0)
            groups = " ".join(f"-{group}" for group in self._lock.read().split())
            raise AirflowFailed(
                f"{self.home} is in use: press Ctrl-C where that demo runs, "
                f"or end what is left of it with `kill -- {groups}`"
            ) from error
        self._lock.truncate(0)

    def _launch(self, component: str) -> subprocess.Popen[bytes]:
        assert self._lock is not None
        name, *options = component.split()
        with (self.logs / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", name, *options],
                env=self.env,
                cwd=HOUSE,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(self._lock.fileno(),),
            )
        self._lock.truncate(0)
        self._lock.write(" ".join(str(process.pid) for process in self.processes.values()))
        self._lock.flush()
        return self.processes[name]


def environment(given: Mapping[str, str], home: Path, port: int, landing: Path, lake: Path) -> dict[str, str]:
    """The given environment without any other Airflow's settings, and with those of this one."""
    kept = {name: value for name, value in given.items() if not name.startswith("AIRFLOW_")}
    beside = Path(sys.executable).parent
    airflow = {
        "CORE__DAGS_FOLDER": HOUSE / "dags",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": 2,
        "CORE__LOAD_EXAMPLES": False,
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "LOGGING__BASE_LOG_FOLDER": home / "logs",
        "API__HOST": "127.0.0.1",
        "API__PORT": port,
        "API__BASE_URL": f"http://127.0.0.1:{port}",
        "API__SECRET_KEY": secrets.token_hex(32),
        "API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": 1,
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.25,
        "DAG_PROCESSOR__REFRESH_INTERVAL": 5,
        "USAGE_DATA_COLLECTION__ENABLED": False,
    }
    return kept | {
        "AIRFLOW_HOME": str(home),
        **{f"AIRFLOW__{name}": str(value) for name, value in airflow.items()},
        "SCARF_ANALYTICS": "false",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PATH": f"{beside}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "PODLEDGER_LANDING": str(landing),
        "PODLEDGER_LAKE": str(lake),
    }


def free_port(wanted: int) -> int:
    """The wanted port where it is free on this machine's loopback, else one that is."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise AirflowFailed("no free port on 127.0.0.1")


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signals the process and all it started, where they still are."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
