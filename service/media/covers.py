"""A plain cover for shows that have none yet, so that every feed has one, as apps want."""

import colorsys
import hashlib
from pathlib import Path

from PIL import Image, ImageDraw

SIZE_PX = 1400


def draw_cover(name: str, file: Path) -> None:
    """Writes a PNG whose colours follow from the name: rings, like those of a tree."""
    digest = hashlib.sha256(name.encode()).digest()
    hue = digest[0] / 256
    colours = [_colour(hue, 0.35, 0.28), *(_colour(hue + 0.03 * ring, 0.45, 0.36 + 0.09 * ring) for ring in range(6))]
    picture = Image.new("P", (SIZE_PX, SIZE_PX), 0)
    picture.putpalette([part for colour in colours for part in colour])
    draw = ImageDraw.Draw(picture)
    centre = SIZE_PX // 2
    for ring in range(6):
        radius = 640 - ring * 100 - digest[ring + 1] // 8
        draw.ellipse((centre - radius, centre - radius, centre + radius, centre + radius), fill=ring + 1)
    picture.save(file, "PNG")


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
