"""What `podledger serve` and the demo need of the machine: nginx before the service, ffmpeg to look into uploads."""

import debian
from stages import SetupError, say


def main() -> None:
    """Installs or names what is missing.

    Raises:
        SetupError: something is missing and could not be installed.
    """
    if missing := debian.still_missing(lambda: debian.missing("serve")):
        raise SetupError(debian.what_to_do(missing))
    say("serving", ", ".join(package.name for package in debian.declared("serve")))
