"""Why a file is not taken: a code for machines and a sentence for people, which says what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong with a file."""

    code: str
    text: str


class FileRefused(Exception):
    """The file is not what it has to be."""

    def __init__(self, *reasons: Reason) -> None:
        """Takes everything that was found."""
        super().__init__("; ".join(reason.text for reason in reasons))
        self.reasons = reasons


def refuse(code: str, text: str) -> FileRefused:
    """A refusal for one reason, to be raised."""
    return FileRefused(Reason(code, text))
