"""nginx as a child of the service: started, asked to reopen its log, and stopped with it."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from jobs.errors import Stop, TryAgain
from service.edge.nginx_conf import nginx_conf
from service.edge.plan import EdgePlan
from service.edge.problems import PROBLEMS

_START_S, _STOP_S = 15.0, 10.0
_NICENESS = 5
_PR_SET_PDEATHSIG = 1


class Nginx:
    """One nginx of our own, which nobody else's configuration reaches."""

    def __init__(self, plan: EdgePlan) -> None:
        """Nothing happens before ``start``."""
        self.plan = plan
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process that answers for the rest, or None when there is none."""
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """Writes the configuration, starts nginx and waits until it answers.

        Raises:
            Stop: nginx is not installed or refuses the configuration.
            TryAgain: it did not come up in time, or the port is taken.
        """
        binary = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if binary is None:
            raise Stop("nginx is not installed: apt-get install nginx; see docs/runbooks/edge.md")
        plan = self.plan
        for folder in (plan.runtime, plan.logs, plan.feeds, plan.media / "public", plan.media / "private"):
            folder.mkdir(parents=True, exist_ok=True)
        for problem in PROBLEMS:
            (plan.runtime / f"{problem.status}.json").write_bytes(problem.document())
        conf = write_private(plan.runtime / "nginx.conf", nginx_conf(plan))
        command = [binary, "-p", str(plan.runtime), "-e", str(plan.logs / "error.log"), "-c", str(conf)]
        tested = subprocess.run([*command, "-t", "-q"], capture_output=True, text=True, check=False)
        if tested.returncode != 0:
            raise Stop(
                f"nginx refuses its configuration {conf}: {tested.stderr.strip()[-500:]}; see docs/runbooks/edge.md"
            )
        self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent)
        self._wait_until_up()
        _give_way()

    def _wait_until_up(self) -> None:
        host, _, port = self.plan.listen.rpartition(":")
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            if self._child is None or self._child.poll() is not None:
                break
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.stop()
        raise TryAgain(f"nginx did not come up on {self.plan.listen}; see {self.plan.logs / 'error.log'}")

    def reopen_log(self) -> None:
        """Makes nginx write to a new file where the log was moved away from."""
        if self._child is not None:
            self._child.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """Lets running transfers end for a few seconds, then ends them."""
        child, self._child = self._child, None
        if child is None or child.poll() is not None:
            return
        for gently in (signal.SIGQUIT, signal.SIGTERM, signal.SIGKILL):
            child.send_signal(gently)
            try:
                child.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                continue
            return


def write_private(path: Path, text: str) -> Path:
    """Writes a file that holds a secret: for this user's eyes alone."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _give_way() -> None:
    """Lets nginx go first where both want a processor: a feed is answered at once, a sync may take its time.

    nginx is there already and keeps its priority; threads that begin later have that of the one that begins them.
    """
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, int(thread.name), _NICENESS)


def _end_with_parent() -> None:
    """In the child: when the service is killed outright, nginx goes too, instead of holding the port."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
