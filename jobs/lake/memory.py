"""How long the logs of tables remember."""

from dataclasses import dataclass

LOG_DAYS = 120
"""How long logs remember versions, unless another span is needed.

Each commit lists the whole folder of the log: one that forgets nothing makes each commit dearer than the one before.
"""
LONGER_BY_DAYS = 30
"""And so much longer than publications are kept."""
REMOVED_LONGER_BY_DAYS = 7
"""Files taken out are remembered so much longer than publications are kept, so that none of these looks like refuse."""
VERSIONS = "delta.logRetentionDuration"
REMOVED = "delta.deletedFileRetentionDuration"


@dataclass(frozen=True, slots=True)
class Memory:
    """How long logs remember, in days: versions, and files that were taken out."""

    version_days: int = LOG_DAYS
    removed_days: int = LOG_DAYS

    def properties(self) -> dict[str, str]:
        """The table properties that tell Delta so."""
        return {VERSIONS: days(self.version_days), REMOVED: removed_span(self.removed_days)}


USUAL = Memory()


def memory_for(kept_days: int) -> Memory:
    """What logs must remember where publications are kept for so many days.

    The one in force may be older when the gate stays closed: its files are spared as long as logs remember its version.
    """
    return Memory(max(LOG_DAYS, kept_days + LONGER_BY_DAYS), kept_days + REMOVED_LONGER_BY_DAYS)


def removed_span(number: int) -> str:
    """How long files taken out are remembered; who has days pass in seconds puts another one here."""
    return days(number)


def days(number: int) -> str:
    """A span of days, as Delta writes it."""
    return f"interval {number} days"
