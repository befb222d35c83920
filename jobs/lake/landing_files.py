"""Which files the landing folder holds (contract section 4), and reading them, wherever the folder is."""

import os
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from jobs.settings import OBJECT_STORAGE

CATALOGUE = "catalog/episodes.ndjson"
FINANCE = "finance"
HIDDEN = (".", "_")
"""How names begin of what is hidden or a draft."""


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file in the landing folder; ``tag`` changes when the file does."""

    path: str
    size_bytes: int
    tag: str


class Landing(Protocol):
    """A landing folder. Paths are relative to it, with ``/``; tasks in other processes get a copy of this.

    Where it is away for now, each method raises `TryAgain`; where somebody has to act first, `Stop`.
    """

    def exists(self) -> bool:
        """Whether there is such a folder."""

    def files(self, hour: str | None = None) -> list[LandedFile]:
        """The sealed sync files, of one sealing hour (``YYYY-MM-DDTHH``) or all, by path."""

    def open(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """A file from its beginning, whole whatever the network does."""

    def catalogue_tag(self) -> str | None:
        """What changes when the catalogue does; None where there is none."""

    def catalogue(self) -> bytes:
        """The catalogue, which is there."""

    def finance(self) -> dict[str, bytes]:
        """The CSV files that finance keeps, by name; what begins with a dot or an underscore is not looked at."""


@dataclass(frozen=True, slots=True)
class LandingFolder:
    """A landing folder on a disk."""

    folder: Path

    def exists(self) -> bool:
        """Whether it is a folder."""
        return self.folder.is_dir()

    def files(self, hour: str | None = None) -> list[LandedFile]:
        """By a look into the folders."""
        places = [f"sync/{folder_of(hour)}"] if hour is not None else self._sealing_hours()
        found = []
        for place in places:
            for entry in _entries(self.folder / place):
                if entry.name.endswith(".ndjson.gz"):
                    status = entry.stat()
                    found.append(LandedFile(f"{place}/{entry.name}", status.st_size, str(status.st_mtime_ns)))
        return sorted(found, key=lambda file: file.path)

    def _sealing_hours(self) -> list[str]:
        """Their folders, relative to this one."""
        days = [f"sync/{day.name}" for day in _entries(self.folder / "sync")]
        return [f"{day}/{hour.name}" for day in days for hour in _entries(self.folder / day)]

    def open(self, path: str) -> IO[bytes]:
        """The file itself."""
        return (self.folder / path).open("rb")

    def catalogue_tag(self) -> str | None:
        """Its size and time of modification."""
        with suppress(FileNotFoundError):
            status = (self.folder / CATALOGUE).stat()
            return f"{status.st_size}-{status.st_mtime_ns}"
        return None

    def catalogue(self) -> bytes:
        """Its bytes."""
        return (self.folder / CATALOGUE).read_bytes()

    def finance(self) -> dict[str, bytes]:
        """By a look into the folder."""
        paths = sorted((self.folder / FINANCE).glob("*.csv"))
        return {path.name: path.read_bytes() for path in paths if is_landed(path.name)}


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder and counts as landed; nothing where it is none, or is gone meanwhile."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(HIDDEN)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def landing_at(place: str) -> Landing:
    """The landing folder at a path, or at ``s3://bucket/prefix``."""
    if not place.startswith(OBJECT_STORAGE):
        return LandingFolder(Path(place))
    from jobs.lake.landing_bucket import LandingBucket

    return LandingBucket.at(place)


def folder_of(hour: str | None, every: str = "*/*") -> str:
    """Where files of a sealing hour lie below ``sync``; without one, ``every``."""
    return every if hour is None else f"{hour[:10]}/{hour[11:13]}"


def is_landed(path: str) -> bool:
    """Whether the file counts as landed: not while any name on the way is hidden or a draft's."""
    return not any(name.startswith(HIDDEN) for name in PurePosixPath(path).parts)
