"""Covers: square, of a size that apps take, and decoded only after their header was found harmless."""

import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from service.uploads.reasons import FileRefused, Reason, refuse

MIN_PX, MAX_PX = 1_400, 3_000
MAX_BYTES = 5 << 20
_KINDS = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png")}


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What was found."""

    extension: str
    media_type: str
    width: int
    height: int
    size_bytes: int


def inspect_cover(file: Path) -> ImageFacts:
    """Reads the header, then decodes the picture if its size is one that apps take.

    Raises:
        FileRefused: with everything that is wrong with it.
    """
    try:
        with warnings.catch_warnings(), Image.open(file, formats=list(_KINDS)) as picture:
            # Pillow warns of pictures that would fill the memory; their size is refused below, undecoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            facts = ImageFacts(*_KINDS[str(picture.format)], *picture.size, file.stat().st_size)
            wrong = _wrong_with(facts, picture.mode)
            if wrong:
                raise FileRefused(*wrong)
            picture.load()
    except Image.DecompressionBombError as error:
        raise refuse("cover_too_large", f"The picture is far too large; at most {MAX_PX} × {MAX_PX} px.") from error
    except UnidentifiedImageError as error:
        raise refuse("not_an_image", "This is not a JPEG or PNG picture.") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise refuse("damaged", "The picture is damaged or not all there. Save it again.") from error
    return facts


def _wrong_with(facts: ImageFacts, mode: str) -> list[Reason]:
    size = f"{facts.width} × {facts.height} px"
    wrong = []
    if facts.width != facts.height:
        wrong.append(Reason("not_square", f"The picture is {size}; a cover is square."))
    if max(facts.width, facts.height) > MAX_PX:
        wrong.append(Reason("cover_too_large", f"The picture is {size}; at most {MAX_PX} × {MAX_PX} px."))
    elif min(facts.width, facts.height) < MIN_PX:
        wrong.append(Reason("cover_too_small", f"The picture is {size}; at least {MIN_PX} × {MIN_PX} px."))
    if facts.size_bytes > MAX_BYTES:
        wrong.append(Reason("too_many_bytes", f"The picture has {facts.size_bytes:,} bytes; at most {MAX_BYTES:,}."))
    if mode in ("CMYK", "YCCK"):
        wrong.append(Reason("not_rgb", "The picture is in CMYK, for print; save it in RGB."))
    return wrong
