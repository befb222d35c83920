"""The landing folder: on a disk, or in object storage by one setting. Files appear whole or not at all."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from jobs.errors import Stop
from service.secrets import Secrets
from service.settings import Settings

SCHEME = "s3://"


class LandingAway(Exception):
    """The landing folder cannot take or give files now."""


class Landing(Protocol):
    """Names are relative paths with ``/``. Every method raises `LandingAway` when it cannot do its work now."""

    def put(self, name: str, content: bytes | Path) -> None:
        """Writes a file whole, in place of one of that name; durable when it returns."""

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none."""

    def stamp(self, name: str) -> str | None:
        """What changes when a file does; None where there is none."""


class LandingFolder:
    """A landing folder on a disk."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is made when the first file comes."""
        self.folder = folder

    def put(self, name: str, content: bytes | Path) -> None:
        """Write beside it, fsync, rename, fsync the folder."""
        path = self.folder / name
        draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        try:
            make_folders(path.parent)
            try:
                write_whole(draft, content.read_bytes() if isinstance(content, Path) else content)
                draft.rename(path)
            finally:
                draft.unlink(missing_ok=True)
            sync_folder(path.parent)
        except OSError as error:
            raise LandingAway(f"{name}: {error.strerror}") from error

    def read(self, name: str) -> bytes | None:
        """The bytes of a file."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LandingAway(f"{name}: {error.strerror}") from error

    def stamp(self, name: str) -> str | None:
        """Its inode, size and time of modification."""
        try:
            found = (self.folder / name).stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LandingAway(f"{name}: {error.strerror}") from error
        return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"


class LandingBucket:
    """A landing folder in object storage, where a put is whole by itself."""

    def __init__(self, place: str, client: Any) -> None:
        """``place`` is ``s3://bucket/prefix``."""
        self.bucket, _, prefix = place.removeprefix(SCHEME).partition("/")
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.client = client

    def put(self, name: str, content: bytes | Path) -> None:
        """One put."""
        body = content.read_bytes() if isinstance(content, Path) else content
        self._ask("put_object", name, Body=body)

    def read(self, name: str) -> bytes | None:
        """One get."""
        found = self._ask("get_object", name, take=lambda answer: answer["Body"].read())
        return None if found is None else bytes(found)

    def stamp(self, name: str) -> str | None:
        """Its ETag."""
        found = self._ask("head_object", name)
        return None if found is None else str(found["ETag"])

    def _ask(self, method: str, name: str, take: Callable[[Any], Any] | None = None, **more: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = getattr(self.client, method)(Bucket=self.bucket, Key=self.prefix + name, **more)
            return answer if take is None else take(answer)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            raise LandingAway(f"{name}: {error}") from error
        except BotoCoreError as error:
            raise LandingAway(f"{name}: {error}") from error


def open_landing(settings: Settings, secrets: Secrets) -> Landing:
    """The landing folder of the settings."""
    place = settings.landing.place
    if place.startswith(SCHEME):
        return LandingBucket(place, open_s3(settings, secrets))
    return LandingFolder(Path(place).expanduser().absolute())


def open_s3(settings: Settings, secrets: Secrets) -> Any:
    """A client of object storage.

    Raises:
        Stop: its keys are not in the environment.
    """
    import boto3
    from botocore.config import Config

    if not secrets.s3_access_key or not secrets.s3_secret_key:
        raise Stop("object storage wants PODLEDGER_SERVICE_S3_ACCESS_KEY and PODLEDGER_SERVICE_S3_SECRET_KEY")
    given = settings.s3
    return boto3.client(
        "s3",
        endpoint_url=given.endpoint or None,
        region_name=given.region,
        aws_access_key_id=secrets.s3_access_key,
        aws_secret_access_key=secrets.s3_secret_key,
        config=Config(
            connect_timeout=given.timeout_s,
            read_timeout=given.timeout_s,
            retries={"total_max_attempts": 2},
            s3={"addressing_style": "path" if given.endpoint else "auto"},
        ),
    )


def write_whole(path: Path, content: bytes) -> None:
    """Writes a new file and makes its content durable; its name is not until `sync_folder`."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def make_folders(folder: Path) -> None:
    """Makes a folder and those above it, each durable in the one that holds it."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
