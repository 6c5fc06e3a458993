"""The pictures that the samples are made of: photographs in the public domain that scikit-image
ships, and what is drawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from skimage import data

HARBOUR = Path(__file__).parents[1] / "harbour.jpg"
ORIENTATION, COPYRIGHT = 0x0112, 0x8298
HELD_SIDEWAYS = 6
FRAMES, FRAME_MS = 12, 120
LINE = "Ann Example"
MARGIN = (90, 40, 150, 60)
LOGO, SMOOTH = 480, 4
BLADES, OPEN = 6, 0.45
"""Of the shutter in the logo: how many, and how far it is open, of its radius."""
REDS = ("#7a1420", "#96202b", "#b3303a", "#c9434a", "#b3303a", "#96202b")
LAMP = "#ffd166"


@dataclass(frozen=True, slots=True)
class Original:
    """A file as somebody would upload it."""

    content: bytes
    content_type: str


def _photograph(load: Callable[[], Any]) -> Callable[[], Original]:
    return lambda: _jpeg(Image.fromarray(load()))


def _jpeg(picture: Image.Image, **options: Any) -> Original:
    return Original(_saved(picture, "JPEG", quality=95, subsampling=0, **options), "image/jpeg")


def _saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def _logo() -> Original:
    """With alpha: the blades of a shutter, clear around them, drawn large and reduced."""
    side, middle = LOGO * SMOOTH, LOGO * SMOOTH / 2

    def at(turn: float, share: float) -> tuple[float, float]:
        """A point on a circle around the middle, with a share of the logo's radius."""
        angle = 2 * np.pi * turn / BLADES
        return middle + middle * share * np.cos(angle), middle + middle * share * np.sin(angle)

    large = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(large)
    for blade, colour in enumerate(REDS):
        rim = [at(blade + 1 + part / 32, 1.2) for part in range(33)]
        draw.polygon([at(blade, OPEN), *rim, at(blade + 1, OPEN)], colour)
    draw.polygon([at(corner, OPEN) for corner in range(BLADES)], LAMP)
    round_ = Image.new("L", large.size)
    ImageDraw.Draw(round_).ellipse((0, 0, side - 1, side - 1), 255)
    large.putalpha(round_)
    return Original(
        _saved(large.resize((LOGO, LOGO), Image.Resampling.LANCZOS), "PNG"), "image/png"
    )


def _framed() -> Original:
    """A photograph with an uneven border of one colour, as scanners leave it."""
    inner = Image.fromarray(data.coffee()).resize((420, 280), Image.Resampling.LANCZOS)
    return Original(_saved(ImageOps.expand(inner, MARGIN, "#e9e4d8"), "PNG"), "image/png")


def _sideways() -> Original:
    """As a camera that was held upright stores it, with the word how to turn it."""
    exif = Image.Exif()
    exif[ORIENTATION] = HELD_SIDEWAYS
    upright = Image.fromarray(data.astronaut())
    return _jpeg(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)


def _signed() -> Original:
    exif = Image.Exif()
    exif[COPYRIGHT] = LINE
    return _jpeg(Image.fromarray(data.cat()), exif=exif)


def _moving() -> Original:
    """A slow look across a photograph."""
    whole = Image.fromarray(data.rocket())
    steps = np.sin(np.arange(FRAMES) / FRAMES * 2 * np.pi) * 0.5 + 0.5
    lefts = [round(step * (whole.width - 400)) for step in steps]
    frames = [whole.crop((left, 100, left + 400, 400)) for left in lefts]
    content = _saved(
        frames[0], "GIF", save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0
    )
    return Original(content, "image/gif")


ORIGINALS: Mapping[str, Callable[[], Original]] = {
    "harbour": lambda: Original(HARBOUR.read_bytes(), "image/jpeg"),
    "astronaut": _photograph(data.astronaut),
    "cat": _photograph(data.cat),
    "coffee": _photograph(data.coffee),
    "rocket": _photograph(data.rocket),
    "logo": _logo,
    "framed": _framed,
    "sideways": _sideways,
    "signed": _signed,
    "moving": _moving,
}
