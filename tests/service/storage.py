"""PostgreSQL and object storage of the tests' own, on loopback, and a place for a service in them."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.landing import LandingBucket
from tests.service.running import PODLEDGER, Place, free_port, wait_until


@dataclass(frozen=True, slots=True)
class Weed:
    """A running SeaweedFS: object storage."""

    endpoint: str
    keys: tuple[str, str]
    bucket: str
    process: "subprocess.Popen[bytes]"

    def environment(self) -> dict[str, str]:
        """How any of Amazon's clients finds it."""
        names = {"AWS_ACCESS_KEY_ID": self.keys[0], "AWS_SECRET_ACCESS_KEY": self.keys[1]}
        return {**names, "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1"}

    def client(self) -> Any:
        """A client of it."""
        import boto3

        names = {"aws_access_key_id": self.keys[0], "aws_secret_access_key": self.keys[1]}
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", **names)


def bucket_place(prefix: str, database_url: str, weed: Weed) -> Place:
    """A database in PostgreSQL, and a landing folder in a bucket."""
    bucket, keys, client = weed.bucket, weed.keys, weed.client()
    place = f"s3://{bucket}/{prefix}"

    def names(kind: str) -> list[str]:
        listed = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/{kind}/")
        keys_found = [entry["Key"] for page in listed for entry in page.get("Contents", [])]
        return [key.removeprefix(f"{prefix}/") for key in keys_found]

    environment = {
        "PODLEDGER_SERVICE_LANDING_PLACE": place,
        "PODLEDGER_SERVICE_DATABASE_URL": database_url,
        "PODLEDGER_SERVICE_S3_ENDPOINT": weed.endpoint,
        "PODLEDGER_SERVICE_S3_ACCESS_KEY": keys[0],
        "PODLEDGER_SERVICE_S3_SECRET_KEY": keys[1],
        "PODLEDGER_SERVICE_S3_TIMEOUT_S": "5",
    }
    return Place("bucket", environment, LandingBucket(place, client), names, place, weed.environment())


@contextmanager
def running_postgres() -> Iterator[str]:
    """A PostgreSQL of its own on loopback; the URL of it without a database's name.

    It lives outside pytest's folders: those are closed to the user that it must run as when root runs the tests.
    """
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="podledger-postgres-"))
    data = folder / "data"
    as_other: list[str] = []
    if os.geteuid() == 0:
        as_other = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    initdb = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "podledger", "--no-sync"]
    subprocess.run([*as_other, *initdb], check=True, capture_output=True, cwd="/")
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c max_connections=60"
    control = [*as_other, str(programs / "pg_ctl"), "-D", str(data), "-w"]
    starting = [*control, "-o", options, "-l", str(folder / "log"), "start"]
    subprocess.run(starting, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        yield f"postgresql+pg8000://podledger@127.0.0.1:{port}"
    finally:
        stopped = subprocess.run([*control, "-m", "fast", "stop"], capture_output=True, text=True, cwd="/")
        assert stopped.returncode == 0, stopped.stderr
        shutil.rmtree(folder)


@contextmanager
def running_weed(folder: Path) -> Iterator[Weed]:
    """Object storage of its own on loopback, with one bucket."""
    folder.mkdir(parents=True, exist_ok=True)
    keys, bucket, port = ("tests", "tests-secret"), "podledger", free_port()
    identity = {"name": "tests", "credentials": [{"accessKey": keys[0], "secretKey": keys[1]}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.port": port,
        "s3.config": folder / "s3.json",
        "bucket": bucket,
        "admin.ui": "false",
        "webdav": "false",
        "master.telemetry": "false",
        "master.port": free_port(),
        "volume.port": free_port(),
        "filer.port": free_port(),
    }
    command = [str(PODLEDGER.with_name("weed")), "mini", *(f"-{name}={value}" for name, value in options.items())]
    with (folder / "out").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    weed = Weed(f"http://127.0.0.1:{port}", keys, bucket, process)
    try:
        client = weed.client()

        def takes_objects() -> bool:
            try:
                client.put_object(Bucket=bucket, Key="probe", Body=b"x")
            except Exception:  # noqa: BLE001  # whatever it is, it is not up yet
                assert process.poll() is None, (folder / "out").read_text(errors="replace")[-2000:]
                return False
            return True

        wait_until(takes_objects, 60, "SeaweedFS")
        yield weed
    finally:
        process.kill()  # nothing of it is kept
        process.wait()
