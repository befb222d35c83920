"""The two kinds of error there are, and the exit codes they end in."""

EXIT_DONE = 0
EXIT_STOP = 1
EXIT_TRY_AGAIN = 75
EXIT_ANOTHER_PERSON = 77


class PodledgerError(Exception):
    """A failure that says what to do about it."""

    exit_code = EXIT_STOP


class Stop(PodledgerError):
    """Somebody has to act first; trying again as it is would fail again."""


class AnotherPerson(PodledgerError):
    """It may well be done, but not by the one who asks."""

    exit_code = EXIT_ANOTHER_PERSON


class TryAgain(PodledgerError):
    """Nothing is wrong with the work itself; the same command may go through later."""

    exit_code = EXIT_TRY_AGAIN


class GateClosed(Stop):
    """A check stopped the publication; what was published before stays in force."""
