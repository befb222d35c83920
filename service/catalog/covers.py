"""The cover a show begins with."""

from service.catalog.models import Show
from service.media.covers import draw_cover
from service.media.files import Files


def give_cover(files: Files, show: Show) -> None:
    """Draws a plain one for a show without a cover. Covers are public, as apps fetch them without any token."""
    if show.cover is None:
        file = files.draft()
        draw_cover(show.id, file)
        show.cover = files.keep(show.id, "cover", "png", file, "image/png", private=False)
