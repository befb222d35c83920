"""The log beside the audio: append-only, durable, and trimmed only of what was acknowledged."""

import dataclasses
import json
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jobs.errors import Stop
from jobs.records.identity import record_id
from jobs.records.record import Record

FILE = "log.ndjson"
UNNAMED = "0" * 64


class DeviceLog:
    """The log of one device. Its first line names device and epoch and says which ``seq`` comes next at least."""

    def __init__(self, folder: Path) -> None:
        """Opens the log in ``folder``, or begins one under new names. A torn last line is cut off.

        Raises:
            Stop: the file is no log.
        """
        self._path = folder / FILE
        folder.mkdir(parents=True, exist_ok=True)
        self.records: list[dict[str, Any]] = []
        if self._path.exists():
            self._open()
        else:
            self.device_id, self.log_epoch, self.next_seq = uuid.uuid4().hex, uuid.uuid4().hex, 1
            self._rewrite()

    def append(self, records: Iterable[Record]) -> list[dict[str, Any]]:
        """Adds records, each with the next ``seq`` and its id, and returns them as written, durably.

        Whatever id and seq the given ones carry plays no part.
        """
        written: list[dict[str, Any]] = []
        for given in records:
            numbered = dataclasses.replace(given, seq=self.next_seq + len(written), id=UNNAMED)
            named = dataclasses.replace(numbered, id=record_id(self.device_id, self.log_epoch, numbered))
            written.append({name: value for name, value in dataclasses.asdict(named).items() if value is not None})
        with self._path.open("ab") as file:
            file.write(b"".join(_line(one) for one in written))
            file.flush()
            os.fsync(file.fileno())
        self.records.extend(written)
        self.next_seq += len(written)
        return written

    def trim(self, acknowledged: Iterable[str]) -> int:
        """Forgets the records of these ids; how many there were. The rest stays as it is."""
        gone = set(acknowledged)
        kept = [record for record in self.records if record["id"] not in gone]
        trimmed = len(self.records) - len(kept)
        if trimmed:
            self.records = kept
            self._rewrite()
        return trimmed

    def _open(self) -> None:
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self._path, len(whole))
        try:
            head, *self.records = [json.loads(line) for line in whole.splitlines()]
            self.device_id, self.log_epoch = head["device_id"], head["log_epoch"]
            self.next_seq = max([head["next_seq"], *(record["seq"] + 1 for record in self.records)])
        except (ValueError, KeyError, TypeError) as error:
            raise Stop(f"{self._path} is no device log: put it aside, and a new one is begun") from error

    def _rewrite(self) -> None:
        head = {"device_id": self.device_id, "log_epoch": self.log_epoch, "next_seq": self.next_seq}
        replace_file(self._path, b"".join(map(_line, [head, *self.records])))


def replace_file(path: Path, content: bytes) -> None:
    """Puts a file in place of another, whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8") + b"\n"
