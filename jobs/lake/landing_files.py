"""Which files the landing folder holds (contract section 4)."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file in the landing folder; ``tag`` changes when the file does."""

    path: str
    size_bytes: int
    tag: str


def list_files(landing: Path, hour: str | None = None) -> list[LandedFile]:
    """The sealed sync files, of one sealing hour (``YYYY-MM-DDTHH``) or all, by path."""
    folder = "*/*" if hour is None else f"{hour[:10]}/{hour[11:13]}"
    found = []
    for path in (landing / "sync").glob(f"{folder}/*.ndjson.gz"):
        relative = path.relative_to(landing)
        if any(name.startswith((".", "_")) for name in relative.parts):
            continue
        status = path.stat()
        found.append(LandedFile(relative.as_posix(), status.st_size, str(status.st_mtime_ns)))
    return sorted(found, key=lambda file: file.path)
