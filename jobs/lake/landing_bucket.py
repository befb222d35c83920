"""A landing folder in object storage. Keys, region and endpoint come from where boto3 looks for them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import IO, Any, Self

from jobs.errors import PodledgerError, Stop, TryAgain
from jobs.lake.landing_files import CATALOGUE, LandedFile, folder_of, is_landed
from jobs.settings import OBJECT_STORAGE

HELD_BYTES = 64_000_000  # a larger file waits in a temporary one while it is read
AMAZON = "amazonaws.com"
ABSENT = ("404", "NoSuchKey")
NO_BUCKET = "NoSuchBucket"
PASSING = ("SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "InternalError", "ServiceUnavailable")
HOW = "see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL in docs/runbooks/landing.md"


@dataclass(frozen=True, slots=True)
class LandingBucket:
    """``s3://<bucket>/<prefix>``; ``prefix`` is empty or ends with a slash."""

    bucket: str
    prefix: str

    @classmethod
    def at(cls, place: str) -> Self:
        """The bucket and prefix that a place names.

        Raises:
            Stop: it names no bucket.
        """
        bucket, _, prefix = place.removeprefix(OBJECT_STORAGE).partition("/")
        if not bucket:
            raise Stop(f"{place} names no bucket: a landing folder in object storage is s3://bucket/prefix")
        return cls(bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else "")

    def exists(self) -> bool:
        """Whether there is such a bucket; an empty one will do."""
        with self._asking("") as client:
            return self._is_there(client.list_objects_v2, Prefix=self.prefix, MaxKeys=1)

    def files(self, hour: str | None = None) -> list[LandedFile]:
        """By listing; the tag is the ETag."""
        below = f"{self.prefix}sync/{folder_of(hour, every='')}".rstrip("/") + "/"
        found = []
        with self._asking(below) as client:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=below):
                for entry in page.get("Contents", ()):
                    path = entry["Key"].removeprefix(self.prefix)
                    if path.count("/") == 3 and path.endswith(".ndjson.gz") and is_landed(path):
                        found.append(LandedFile(path, entry["Size"], entry["ETag"]))
        return sorted(found, key=lambda file: file.path)

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """A copy that is here before it is read: a transfer that breaks off begins again and is never a cut file."""
        from boto3.s3.transfer import TransferConfig

        with tempfile.SpooledTemporaryFile(max_size=HELD_BYTES) as copy:
            with self._asking(path) as client:
                one_by_one = TransferConfig(use_threads=False)
                client.download_fileobj(self.bucket, self.prefix + path, copy, Config=one_by_one)
            copy.seek(0)
            yield copy

    def catalogue_tag(self) -> str | None:
        """Its ETag and time of modification."""
        with self._asking(CATALOGUE) as client:
            if not self._is_there(client.head_object, Key=self.prefix + CATALOGUE):
                return None
            head = client.head_object(Bucket=self.bucket, Key=self.prefix + CATALOGUE)
            return f"{head['ETag']}-{head['LastModified']:%Y%m%dT%H%M%S}"

    def catalogue(self) -> bytes:
        """Its bytes."""
        with self.open(CATALOGUE) as file:
            return file.read()

    def _is_there(self, ask: Any, **what: Any) -> bool:
        from botocore.exceptions import ClientError

        try:
            ask(Bucket=self.bucket, **what)
        except ClientError as error:
            if error.response["Error"]["Code"] in (*ABSENT, NO_BUCKET):
                return False
            raise
        return True

    @contextmanager
    def _asking(self, path: str) -> Iterator[Any]:
        """A client, whose failures are told by kind: to be tried again, or somebody's to mend.

        Raises:
            TryAgain: object storage is away or busy.
            Stop: there is no such thing, or not for these keys.
        """
        client = open_client()
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
        from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError

        try:
            yield client
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise Stop(f"{self._named(path)}: {error}; {HOW}") from error
        except ClientError as error:
            raise self._failure(path, error) from error
        except (BotoCoreError, RetriesExceededError, S3DownloadFailedError, OSError) as error:
            raise TryAgain(f"{self._named(path)} cannot be reached now: {error}; {HOW}") from error

    def _failure(self, path: str, error: Any) -> PodledgerError:
        code = error.response["Error"]["Code"]
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in (*PASSING, *ABSENT) or status >= 500 or status == 429:
            return TryAgain(f"{self._named(path)} cannot be read now: {error}")
        return Stop(f"{self._named(path)}: {error}; {HOW}")

    def _named(self, path: str) -> str:
        return f"{OBJECT_STORAGE}{self.bucket}/{self.prefix}{path}"


@cache
def open_client() -> Any:
    """A client of this process. Hosts that are not Amazon's are given buckets in the path."""
    try:
        import boto3
    except ModuleNotFoundError as error:
        raise Stop("a landing folder in object storage wants boto3: install podledger[s3]") from error
    from botocore.config import Config

    client = boto3.client("s3")
    if AMAZON in client.meta.endpoint_url:
        return client
    return boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
