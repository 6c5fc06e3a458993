"""Cut a picture to a box, around what matters in it."""

import pyvips

from safelight.contract.geometry import Sides
from safelight.image_process_app.picture import SRGB, Picture

Gravity = str | tuple[float, float]
SMART = ("attention", "entropy")


def cut(picture: Picture, sides: Sides, gravity: Gravity) -> Picture:
    """Frames of these sides, which are no larger than they are; an animation in all frames where
    its first says. `gravity` is a word of the vocabulary, or the point to have in the middle, as
    parts of width and height: it comes as near to it as the box allows.
    """
    if picture.frame_sides == sides:
        return picture
    if gravity in SMART:
        left, top = _found(picture.first, sides, str(gravity))
    else:
        left, top = placed(picture.frame_sides, sides, gravity)
    return picture.map(lambda frame: frame.crop(left, top, *sides))


def placed(whole: Sides, sides: Sides, gravity: Gravity) -> tuple[int, int]:
    """Left and top of a box of these sides in the whole; `gravity` is not one of `SMART`."""
    spare = whole[0] - sides[0], whole[1] - sides[1]
    if isinstance(gravity, str):
        right, down = "east" in gravity, "south" in gravity
        across = 0 if "west" in gravity else spare[0] if right else spare[0] // 2
        return across, 0 if "north" in gravity else spare[1] if down else spare[1] // 2
    left, top = (
        min(most, max(0, round(part * side - inner / 2)))
        for part, side, inner, most in zip(gravity, whole, sides, spare, strict=True)
    )
    return left, top


def _found(first: pyvips.Image, sides: Sides, how: str) -> tuple[int, int]:
    plain = first if first.interpretation in SRGB else first.colourspace("srgb")
    plain = plain.flatten() if plain.hasalpha() else plain
    found = plain.colourspace("srgb").smartcrop(*sides, interesting=how)
    return -found.xoffset, -found.yoffset
