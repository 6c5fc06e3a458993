"""Make a picture the size that is wanted."""

import math

import pyvips

from safelight.contract.transformations import Transformation
from safelight.image_process_app.picture import SRGB, Picture

Sides = tuple[int, int]


def scaled_sides(sides: Sides, wanted: Transformation) -> Sides:
    """Sides of the whole picture before anything is cut away, each at least 1."""
    width, height = sides
    factors = [side / of for side, of in ((wanted.width, width), (wanted.height, height)) if side]
    if not factors:
        return sides
    factor = max(factors) if wanted.fit == "cover" else min(1.0, *factors)
    return max(1, round(width * factor)), max(1, round(height * factor))


def result_sides(sides: Sides, wanted: Transformation) -> Sides:
    """Sides of the result, in pixels."""
    width, height = scaled_sides(sides, wanted)
    if wanted.fit != "cover":
        return width, height
    return wanted.width or width, wanted.height or height


def resize(picture: Picture, wanted: Transformation) -> Picture:
    """Scale to what is wanted, and cut what then reaches beyond it."""
    whole = scaled_sides(picture.sides, wanted)
    result = result_sides(picture.sides, wanted)
    if whole[0] > picture.sides[0] or whole[1] > picture.sides[1]:
        # Cut first where it will be enlarged: a line of 1 x 10,000 would become 10,000 squares.
        now = picture.first
        fit = _inside((now.width, now.height), result)
        return scale(_cut(picture, fit, wanted.gravity), result)
    return _cut(scale(picture, whole), result, wanted.gravity)


def scale(picture: Picture, sides: Sides) -> Picture:
    """Lanczos to exactly these sides, alpha premultiplied so that no hidden colour shows."""
    if (picture.first.width, picture.first.height) == sides:
        return picture
    return picture.map(lambda frame: _scale_frame(frame, sides))


def _scale_frame(frame: pyvips.Image, sides: Sides) -> pyvips.Image:
    across, down = sides[0] / frame.width, sides[1] / frame.height
    if not frame.hasalpha():
        return frame.resize(across, vscale=down)
    resized = frame.premultiply().resize(across, vscale=down).unpremultiply()
    # A cast cuts the fraction off, which would darken every picture by half a level.
    return resized.rint().cast(frame.format).copy(interpretation=frame.interpretation)


def _inside(sides: Sides, shape: Sides) -> Sides:
    """The largest sides within `sides` that have the proportions of `shape`."""
    factor = min(sides[0] / shape[0], sides[1] / shape[1])
    return (
        min(sides[0], max(1, math.ceil(shape[0] * factor))),
        min(sides[1], max(1, math.ceil(shape[1] * factor))),
    )


def _cut(picture: Picture, sides: Sides, gravity: object) -> Picture:
    """Cut around the gravity; an animation in all frames where its first says."""
    width, height = sides
    first = picture.first
    if (first.width, first.height) == sides:
        return picture
    left, top = (first.width - width) // 2, (first.height - height) // 2
    if gravity == "attention":
        plain = first if first.interpretation in SRGB else first.colourspace("srgb")
        plain = plain.flatten() if plain.hasalpha() else plain
        found = plain.colourspace("srgb").smartcrop(width, height, interesting="attention")
        left, top = -found.xoffset, -found.yoffset
    return picture.map(lambda frame: frame.crop(left, top, width, height))
