"""Why a line or a record is refused."""

from enum import Enum


class Reason(Enum):
    """In the order in which they are tried: the first one that applies is the one that is kept."""

    UNREADABLE = "unreadable"
    UNSUPPORTED_VERSION = "unsupported_version"
    WRONG_DEVICE = "wrong_device"
    MALFORMED = "malformed"
    HASH_MISMATCH = "hash_mismatch"
    UNKNOWN_EPISODE = "unknown_episode"
    BAD_INTERVAL = "bad_interval"
