"""One process that performs commands one after the other, so that its Spark session is warm from the second on.

    python -m benchmarks.warm_session jobs.cli:main

Reads a JSON list of arguments a line, calls the function with it as the command line would, and answers each with one
line of JSON: ``seconds``, the exit ``code`` and what it printed (``stdout``). Ends at the end of its input.
"""

import contextlib
import ctypes
import importlib
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence

import psutil

PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    """Answer requests until there are no more."""
    module, _, function = sys.argv[1].partition(":")
    perform: Callable[[Sequence[str]], int] = getattr(importlib.import_module(module), function)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else writes to standard output, Java included, does not come between
    for line in sys.stdin:
        print(json.dumps(answer(perform, json.loads(line))), file=answers, flush=True)
        _bury_orphans()
    return 0


def _bury_orphans() -> None:
    """Wait for ended processes whose parents ended before them, so that what they read and wrote counts for this one.

    They come to this process as it is their subreaper; what it started itself, others wait for.
    """
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error, ChildProcessError):
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)


def answer(perform: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> dict[str, object]:
    """What calling it with the arguments came to; a failure is an answer too, with the exit code 1."""
    out = io.StringIO()
    began = time.monotonic()
    with contextlib.redirect_stdout(out):
        try:
            code = perform(arguments)
        except Exception:  # noqa: BLE001  the session answers, its client decides
            traceback.print_exc()
            code = 1
    return {"seconds": time.monotonic() - began, "code": code, "stdout": out.getvalue()}


if __name__ == "__main__":
    sys.exit(main())
