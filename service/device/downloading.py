"""Downloads through ``/m/``: they go on where they were cut off, and are checked before they count as here."""

import hashlib
import os
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from service.device.registration import Refused

_IN_NAME = re.compile(r"-(?P<digest>[0-9a-f]{16})\.[a-z0-9]+$")
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0


class WrongDigest(Refused):
    """What came is not what was published."""


@dataclass(slots=True)
class Downloader:
    """Fetches files into ``folder``."""

    folder: Path
    client: httpx.Client
    attempts: int = 20
    wait: Callable[[float], None] = time.sleep

    def fetch(self, url: str, sha256: str | None = None) -> Path:
        """The file of an address, whole and checked; one that is here already is not fetched again.

        Without ``sha256`` the digits in its name, which are the first of it, are what it is checked by.

        Raises:
            WrongDigest: it came whole, and is another file.
            Refused: the service has no such file, or not for us.
            httpx.HTTPError: it did not come within so many attempts; the next call goes on from there.
        """
        name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
        if not name or name.startswith("."):
            raise Refused(f"{url} names no file")
        path, part = self.folder / name, self.folder / f".{name}.part"
        if path.exists():
            return path
        self.folder.mkdir(parents=True, exist_ok=True)
        error: httpx.HTTPError = httpx.TransportError("never tried")
        for attempt in range(self.attempts):
            try:
                self._go_on(url, part)
                self._check(name, part, sha256)
                part.rename(path)
                return path
            except httpx.HTTPStatusError as refused:
                status = refused.response.status_code
                if status not in (408, 429) and status < 500:
                    raise Refused(f"{url}: {status}") from refused
                error = refused
            except httpx.HTTPError as cut_off:
                error = cut_off
            self.wait(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt) * random.uniform(0.5, 1.0))
        raise error

    def _go_on(self, url: str, part: Path) -> None:
        """Fetches what is missing. The validator of the first answer is kept, so that parts of two files never mix."""
        tag_file = part.with_name(f"{part.name}.tag")
        have = part.stat().st_size if part.exists() and tag_file.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": tag_file.read_text(encoding="utf-8")}
        with self.client.stream("GET", url, headers=headers, follow_redirects=True) as answer:
            if answer.status_code == 416:  # nothing is missing
                return
            answer.raise_for_status()
            resumed = answer.status_code == 206
            tag = answer.headers.get("etag", "")
            if tag and not tag.startswith("W/"):
                tag_file.write_text(tag, encoding="utf-8")
            else:
                tag_file.unlink(missing_ok=True)
            with part.open("ab" if resumed else "wb") as file:
                for piece in answer.iter_raw():
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())

    def _check(self, name: str, part: Path, sha256: str | None) -> None:
        named = _IN_NAME.search(name)
        wanted = sha256 or (named["digest"] if named else "")
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        part.with_name(f"{part.name}.tag").unlink(missing_ok=True)
        if not found.startswith(wanted):
            part.unlink()
            raise WrongDigest(f"{name} has the digest {found}, not {wanted}: it is fetched anew next time")
