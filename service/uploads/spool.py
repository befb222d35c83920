"""Where uploads wait until they are whole and checked: a private folder, whose names are ours alone."""

import hashlib
import os
import re
from pathlib import Path

from service.landing import sync_folder
from service.uploads.protocol import CHECKSUMS, Checksum

_ID = re.compile(r"[0-9a-z_-]{8,64}")
_READ_BYTES = 1 << 20


class Spool:
    """The folder of unfinished uploads. How much of one is there, its file's length says, and nothing else."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder, readable by this user alone, if it is not there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    def path(self, upload_id: str) -> Path:
        """The file of an upload.

        Raises:
            ValueError: it is no id of ours.
        """
        if not _ID.fullmatch(upload_id):
            raise ValueError(f"not an upload: {upload_id!r}")
        return self._folder / f"{upload_id}.part"

    def create(self, upload_id: str) -> None:
        """Begins an upload with nothing in it."""
        os.close(os.open(self.path(upload_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        sync_folder(self._folder)

    def length(self, upload_id: str) -> int:
        """How many bytes are there.

        Raises:
            FileNotFoundError: the upload is gone.
        """
        return self.path(upload_id).stat().st_size

    def write(self, upload_id: str, offset: int, piece: bytes) -> None:
        """Writes a piece at its place.

        Raises:
            OSError: the disk is full or away; what was there before is still there.
        """
        with self.path(upload_id).open("r+b") as file:
            file.seek(offset)
            file.write(piece)

    def sync(self, upload_id: str) -> None:
        """Makes what is there durable."""
        with self.path(upload_id).open("r+b") as file:
            os.fdatasync(file.fileno())

    def cut(self, upload_id: str, length: int) -> None:
        """Drops everything beyond a length."""
        os.truncate(self.path(upload_id), length)

    def remove(self, upload_id: str) -> None:
        """Drops the upload."""
        self.path(upload_id).unlink(missing_ok=True)

    def matches(self, upload_id: str, offset: int, checksum: Checksum) -> bool:
        """Whether what lies from an offset on has that checksum."""
        digest = CHECKSUMS[checksum.algorithm]()
        with self.path(upload_id).open("rb") as file:
            file.seek(offset)
            while piece := file.read(_READ_BYTES):
                digest.update(piece)
        return digest.digest() == checksum.digest

    def sha256(self, upload_id: str) -> str:
        """The digest of the whole file, in hex."""
        with self.path(upload_id).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def names(self) -> list[str]:
        """The ids of all uploads that have a file."""
        return sorted(file.stem for file in self._folder.glob("*.part"))
