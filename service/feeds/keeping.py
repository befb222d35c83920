"""Bytes that are kept in memory because they will be asked for again, and never more of them than was said."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class KeptBytes(Generic[Key]):
    """Keeps what was asked for last, ``most_bytes`` in all."""

    def __init__(self, most_bytes: int) -> None:
        """Nothing is kept yet."""
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._bytes, self._most_bytes = 0, most_bytes

    def get(self, key: Key) -> bytes | None:
        """What is kept under the key."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: Key, content: bytes) -> None:
        """Keeps it, and lets go of what was not asked for for the longest time."""
        self._bytes += len(content) - len(self._kept.pop(key, b""))
        self._kept[key] = content
        while self._bytes > self._most_bytes:
            self._bytes -= len(self._kept.popitem(last=False)[1])
