"""Secrets: from the environment, or on a laptop from a file that only its owner may read."""

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from jobs.errors import Stop
from service.settings import PREFIX

LEAST_CHARS = 32
FILE = "secret"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The one secret from which all keys are derived, and the keys of object storage. None of it is ever printed."""

    master: bytes = field(repr=False)
    s3_access_key: str | None = field(default=None, repr=False)
    s3_secret_key: str | None = field(default=None, repr=False)
    podping_token: str | None = field(default=None, repr=False)

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose; keys of different purposes tell nothing about each other."""
        return hmac.digest(self.master, f"podledger/{purpose}".encode(), sha256)


def read_secrets(folder: Path, environment: Mapping[str, str] | None = None) -> Secrets:
    """The secrets of this place. Without one in the environment, one is made once and kept in ``folder``.

    Raises:
        Stop: the secret is too short, or others may read the file it is kept in.
    """
    environment = os.environ if environment is None else environment
    text = environment.get(f"{PREFIX}SECRET") or _kept(folder / FILE)
    if len(text) < LEAST_CHARS:
        raise Stop(f"{PREFIX}SECRET has fewer than {LEAST_CHARS} characters; set a longer one")
    return Secrets(
        text.encode("utf-8"),
        environment.get(f"{PREFIX}S3_ACCESS_KEY"),
        environment.get(f"{PREFIX}S3_SECRET_KEY"),
        environment.get(f"{PREFIX}PODPING_TOKEN"),
    )


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(LEAST_CHARS))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # the first of two that start at once wins, and both read its secret
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    if path.stat().st_mode & 0o077:
        raise Stop(f"{path} can be read by others: chmod 600 it, or make a new one if it may have been read")
    return path.read_text(encoding="utf-8").strip()
