"""Who is working: the user that the operating system has authenticated, never what an argument or variable says."""

import os
import pwd


def system_user() -> str:
    """The name of the user this process runs as; the number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"
