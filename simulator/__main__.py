"""`python -m simulator`: the simulate command without the rest of the platform."""

import argparse
import sys

from simulator import command


def main() -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="simulator", description=command.ABOUT)
    command.configure(parser)
    return command.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
