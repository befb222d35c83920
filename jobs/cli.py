"""``podledger <command>``: finds the command, reads the settings once, and maps failures to exit codes."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from jobs.errors import EXIT_TRY_AGAIN, PodledgerError

GROUP = "podledger.commands"
MODES = "podledger.modes"
"""Entry points named ``<command>.<option>``: the module that takes the command over where that option is given."""
EXIT_CODES = "exit codes: 0 done, 1 stop (somebody has to act first), 75 try again later, 77 somebody else has to"
DISK_RUNBOOK = "docs/runbooks/maintenance.md"
DISK_FULL = ("No space left on device", "Disk quota exceeded")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 1 stop, 75 try again."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    commands = {entry.name: entry for entry in entry_points(group=GROUP)}
    parser = _parser(commands, arguments)
    chosen = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    try:
        return int(chosen.run(chosen))
    except PodledgerError as error:
        return _failed(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed("interrupted; what was unfinished is taken back by the next run", EXIT_TRY_AGAIN)
    except Exception as error:
        if any(sign in str(error) for sign in DISK_FULL):
            return _failed(
                "the disk is full: free some space and run the same command again, see docs/runbooks/maintenance.md",
                EXIT_TRY_AGAIN,
            )
        raise


def _failed(message: str, code: int) -> int:
    print(f"podledger: {message}", file=sys.stderr, flush=True)
    return code


def _parser(commands: dict[str, EntryPoint], arguments: Sequence[str]) -> argparse.ArgumentParser:
    """A parser that loads the asked-for command alone, so that each starts as fast as it can."""
    parser = argparse.ArgumentParser(
        prog="podledger", description="Counts podcast listens exactly once.", epilog=EXIT_CODES
    )
    named = next((argument for argument in arguments if argument in commands), None)
    subparsers = parser.add_subparsers(metavar="command", required=True)
    modes = {entry.name: entry for entry in entry_points(group=MODES)}
    for name in sorted(commands) if named is None else [named]:
        given = {argument.partition("=")[0].removeprefix("--") for argument in arguments if argument.startswith("--")}
        taken = [modes[f"{name}.{option}"] for option in sorted(given) if f"{name}.{option}" in modes]
        module: Any = (taken or [commands[name]])[0].load()
        sub = subparsers.add_parser(name, help=module.ABOUT, description=module.ABOUT, epilog=EXIT_CODES)
        module.configure(sub)
        sub.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
