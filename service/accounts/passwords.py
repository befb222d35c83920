"""Passwords, hashed by argon2id."""

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from service.settings import AccountSettings

AT_ONCE = 2  # each takes a core and megabytes on purpose


class Passwords:
    """Hashes and checks, few at once, and for an unknown name as slowly as for a known one."""

    def __init__(self, settings: AccountSettings) -> None:
        """Takes what a check may cost."""
        self._hasher = PasswordHasher(settings.argon_passes, settings.argon_memory_kib, parallelism=1)
        self._turns = BoundedSemaphore(AT_ONCE)
        self._nobodys = self._hasher.hash("nobody's password")

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with self._turns:
            return self._hasher.hash(password)

    def is_right(self, password: str, kept: str | None) -> bool:
        """Whether it is the password that ``kept`` was made of; never where nothing is kept."""
        with self._turns:
            try:
                self._hasher.verify(kept or self._nobodys, password)
            except (Argon2Error, InvalidHashError):
                return False
        return kept is not None
