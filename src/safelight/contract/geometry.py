"""What sides a result will have. Both apps ask: one to refuse, one to make. Pixels throughout."""

import math
from typing import NamedTuple

from safelight.contract.transformations import MAX_PIXELS, MAX_SIDE, Transformation

Sides = tuple[int, int]
EPSILON = 1e-6


class Box(NamedTuple):
    """A part of a picture."""

    left: int
    top: int
    width: int
    height: int


def crop_box(sides: Sides, wanted: Transformation) -> Box | None:
    """The part that `crop` asks for, as far as it lies within the picture; None for nothing."""
    width, height = sides
    if wanted.crop is None:
        return Box(0, 0, width, height)
    x, y, w, h = wanted.crop
    if max(wanted.crop) <= 1:
        x, y, w, h = x * width, y * height, w * width, h * height
    left, top = round(x), round(y)
    if left >= width or top >= height:
        return None
    right = min(width, max(left + 1, round(x + w)))
    bottom = min(height, max(top + 1, round(y + h)))
    return Box(left, top, right - left, bottom - top)


def box_sides(wanted: Transformation) -> tuple[int | None, int | None]:
    """Width and height that are asked for, in pixels of the device."""
    return _times(wanted.width, wanted.dpr), _times(wanted.height, wanted.dpr)


def scaled_sides(sides: Sides, wanted: Transformation) -> Sides:
    """Sides of the whole picture before `fit` cuts or pads, each at least 1."""
    width, height = sides
    box = box_sides(wanted)
    if wanted.fit == "squeeze" and None not in box:
        return box[0] or width, box[1] or height
    factors = [side / of for side, of in zip(box, sides, strict=True) if side]
    if not factors:
        return sides
    factor = max(factors) if wanted.fit in ("cover", "crop") else min(factors)
    if wanted.fit in ("scale-down", "crop"):
        factor = min(1.0, factor)
    return max(1, round(width * factor)), max(1, round(height * factor))


def fitted_sides(sides: Sides, wanted: Transformation) -> Sides:
    """Sides after `fit` has cut or padded."""
    width, height = scaled_sides(sides, wanted)
    box = box_sides(wanted)
    if wanted.fit in ("cover", "pad"):
        return box[0] or width, box[1] or height
    if wanted.fit == "crop":
        return min(box[0] or width, width), min(box[1] or height, height)
    return width, height


def turned_sides(sides: Sides, degrees: float) -> Sides:
    """Sides of the upright box around a picture that was turned."""
    width, height = sides
    if degrees % 180 == 0:
        return sides
    if degrees % 90 == 0:
        return height, width
    across, down = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    return (
        max(1, math.ceil(width * across + height * down - EPSILON)),
        max(1, math.ceil(width * down + height * across - EPSILON)),
    )


def padded_sides(sides: Sides, wanted: Transformation) -> Sides:
    top, right, bottom, left = wanted.pad
    return sides[0] + left + right, sides[1] + top + bottom


def result_sides(sides: Sides, wanted: Transformation) -> Sides | None:
    """Sides of the result, where nothing is trimmed; None when `crop` leaves nothing."""
    box = crop_box(sides, wanted)
    if box is None:
        return None
    fitted = fitted_sides((box.width, box.height), wanted)
    return padded_sides(turned_sides(fitted, wanted.rotate), wanted)


def too_large(sides: Sides, source: Sides) -> bool:
    """Whether a result is over the limits. What is no larger than its source, which was taken,
    passes: a panorama may have a grey variant.
    """
    width, height = sides
    larger = width > max(source) or height > max(source)
    over = max(sides) > MAX_SIDE and larger
    return over or width * height > max(MAX_PIXELS, source[0] * source[1])


def fault(sides: Sides, wanted: Transformation) -> tuple[str, str] | None:
    """The option that can't be done to a picture of these sides, and why not; None when all can.

    What `trim` cuts away is not known, so with it only the rest is judged.
    """
    if wanted.trim is not None:
        return None
    box = crop_box(sides, wanted)
    if box is None:
        return "crop", f"lies outside the picture, which has {sides[0]} x {sides[1]} pixels"
    fitted = fitted_sides((box.width, box.height), wanted)
    turned = turned_sides(fitted, wanted.rotate)
    asked = "width" if wanted.width else "height"
    for option, result in (
        (asked, fitted),
        ("rotate", turned),
        ("pad", padded_sides(turned, wanted)),
    ):
        if too_large(result, sides):
            return option, (
                f"makes a result of {result[0]} x {result[1]} pixels; at most {MAX_SIDE} a side "
                f"and {MAX_PIXELS} in all are made"
            )
    return None


def _times(side: int | None, dpr: float) -> int | None:
    return None if side is None else min(MAX_SIDE, max(1, round(side * dpr)))
