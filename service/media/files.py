"""Putting small documents and checked files into the media store, each under a name that follows from its content."""

import hashlib
import secrets
from pathlib import Path

from service.core import Core
from service.errors import try_later
from service.media.addresses import object_name
from service.media.store import MediaAway, open_media

DIGEST_CHARS = 16


class Files:
    """The media store, with a private folder for drafts beside it."""

    def __init__(self, core: Core) -> None:
        """Opens the store; a disk's folders are made when the first file comes."""
        self.store = open_media(core.settings, core.secrets)
        self.drafts = core.settings.data.folder / "drafts"
        self.drafts.mkdir(mode=0o700, parents=True, exist_ok=True)

    def draft(self) -> Path:
        """A path of nobody's, for a file that is about to be kept."""
        return self.drafts / secrets.token_hex(8)

    def keep(self, show_id: str, stem: str, extension: str, file: Path, media_type: str, private: bool) -> str:
        """Takes a file over; returns its path, ``m/<show>/<stem>-<digest>.<extension>``: the same for the same content.

        Raises:
            Problem: 503, the store is away.
        """
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()[:DIGEST_CHARS]
        path = f"m/{show_id}/{stem}-{digest}.{extension}"
        try:
            self.store.put(object_name(path, private), file, media_type)
        except MediaAway as error:
            raise try_later("media_away", "files cannot be stored just now; try again later") from error
        finally:
            if file.parent == self.drafts:
                file.unlink(missing_ok=True)
        return path

    def keep_bytes(
        self, show_id: str, stem: str, extension: str, content: bytes, media_type: str, private: bool
    ) -> str:
        """As `keep`, for a small document."""
        file = self.draft()
        file.write_bytes(content)
        return self.keep(show_id, stem, extension, file, media_type, private)
