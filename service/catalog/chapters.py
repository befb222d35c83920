"""Chapters as the file beside the audio that apps read (JSON chapters 1.2)."""

import json

from service.catalog.models import Episode, Show
from service.catalog.shapes import EpisodeDetails
from service.feeds.elements import seconds
from service.media.files import Files

MEDIA_TYPE = "application/json+chapters"


def keep_chapters(files: Files, show: Show, episode: Episode) -> None:
    """Writes the file anew where there are chapters; its name changes with them, so that nobody keeps old ones."""
    chapters = EpisodeDetails.model_validate(episode.details).chapters
    kept = {name: value for name, value in episode.files.items() if name != "chapters"}
    if chapters:
        listed = [
            {
                "startTime": float(seconds(one.start_ms)),
                "title": one.title,
                **({"url": one.url} if one.url else {}),
                **({"img": one.image_url} if one.image_url else {}),
            }
            for one in sorted(chapters, key=lambda one: one.start_ms)
        ]
        content = json.dumps({"version": "1.2.0", "chapters": listed}, ensure_ascii=False).encode()
        kept["chapters"] = files.keep_bytes(show.id, episode.id, "chapters.json", content, MEDIA_TYPE, show.private)
    if kept != episode.files:
        episode.files = kept
