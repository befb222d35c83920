"""Where files lie: on a disk that nginx reads, or in object storage that nginx fetches from."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from service.landing import SCHEME, make_folders, open_s3, sync_folder
from service.secrets import Secrets
from service.settings import Settings

_PIECE_BYTES = 1 << 20


class MediaAway(Exception):
    """The store cannot take or give files now."""


class MediaStore(Protocol):
    """Names are relative paths with ``/``. Every method raises `MediaAway` when it cannot do its work now."""

    def put(self, name: str, file: Path, media_type: str) -> None:
        """Takes a file over: durable and whole when it returns; the given one may be gone."""

    def read(self, name: str) -> Iterator[bytes]:
        """Its bytes, piece by piece; none where there is no such file."""

    def remove(self, name: str) -> None:
        """Takes it away; nothing happens where there is none."""

    def is_there(self) -> bool:
        """Whether it answers at all."""


class MediaFolder:
    """Media on a disk."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is made when the first file comes."""
        self.folder = folder

    def put(self, name: str, file: Path, media_type: str) -> None:  # noqa: ARG002  # nginx goes by the extension
        """Linked or copied beside its place, synced, renamed."""
        with _away(name):
            path = self.folder / name
            draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
            make_folders(path.parent)
            try:
                try:
                    os.link(file, draft)
                except OSError:
                    shutil.copyfile(file, draft)
                draft.chmod(0o644)
                with draft.open("rb") as written:
                    os.fsync(written.fileno())
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
            sync_folder(path.parent)

    def read(self, name: str) -> Iterator[bytes]:
        """From the disk."""
        with _away(name), suppress(FileNotFoundError), (self.folder / name).open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece

    def remove(self, name: str) -> None:
        """Unlinks it."""
        with _away(name):
            (self.folder / name).unlink(missing_ok=True)

    def is_there(self) -> bool:
        """Whether the folder can be made and written to."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            return os.access(self.folder, os.W_OK)
        return False


class MediaBucket:
    """Media in object storage."""

    def __init__(self, place: str, client: Any) -> None:
        """``place`` is ``s3://bucket/prefix``."""
        self.bucket, _, prefix = place.removeprefix(SCHEME).partition("/")
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.client = client

    def put(self, name: str, file: Path, media_type: str) -> None:
        """In parts where it is large; an object appears whole by itself."""
        with _away(name):
            extra = {"ContentType": media_type}
            self.client.upload_file(str(file), self.bucket, self.prefix + name, ExtraArgs=extra)

    def read(self, name: str) -> Iterator[bytes]:
        """One get."""
        with _away(name):
            try:
                body = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"]
            except self.client.exceptions.NoSuchKey:
                return
            yield from body.iter_chunks(_PIECE_BYTES)

    def remove(self, name: str) -> None:
        """One delete."""
        with _away(name):
            self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name)

    def is_there(self) -> bool:
        """Whether the bucket answers."""
        try:
            with _away(self.bucket):
                self.client.head_bucket(Bucket=self.bucket)
        except MediaAway:
            return False
        return True

    def signed(self, name: str, seconds: int) -> str:
        """Path and query under which the object may be fetched for so long."""
        asked = {"Bucket": self.bucket, "Key": self.prefix + name}
        parts = urlsplit(str(self.client.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds)))
        return f"{parts.path}?{parts.query}"

    def host(self) -> tuple[str, str]:
        """Scheme and host of signed addresses."""
        asked = {"Bucket": self.bucket, "Key": "x"}
        parts = urlsplit(str(self.client.generate_presigned_url("get_object", Params=asked, ExpiresIn=60)))
        return parts.scheme, parts.netloc


@contextmanager
def _away(name: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except OSError as error:
        raise MediaAway(f"{name}: {error.strerror}") from error
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise MediaAway(f"{name}: {error}") from error


def open_media(settings: Settings, secrets_: Secrets) -> MediaStore:
    """The store of the settings."""
    place = settings.media.place
    if place.startswith(SCHEME):
        return MediaBucket(place, open_s3(settings, secrets_))
    return MediaFolder(media_folder(settings))


def media_folder(settings: Settings) -> Path:
    """Where media lie on this disk."""
    place = settings.media.place
    return Path(place).expanduser().absolute() if place else settings.data.folder / "media"
