"""Turn a picture, clockwise, by any angle."""

import math

import pyvips

from safelight.contract.geometry import Sides, turned_sides
from safelight.contract.transformations import Transformation
from safelight.image_process_app.backdrop import OPAQUE, backdrop, depth
from safelight.image_process_app.picture import Picture

QUARTER = 90


def rotate(picture: Picture, wanted: Transformation) -> Picture:
    """Quarters of a turn move pixels and change none. Any other angle interpolates bicubically
    into the upright box around the picture, whose corners have the background.
    """
    if not wanted.rotate:
        return picture
    sides = turned_sides(picture.sides, wanted.rotate)
    quarters, rest = divmod(wanted.rotate, QUARTER)
    if not rest:
        turn = f"d{round(quarters) * QUARTER}"
        return picture.map(lambda frame: frame.rot(turn)).with_sides(sides)
    picture, levels = backdrop(picture, wanted)
    return picture.map(lambda frame: _turn(frame, wanted.rotate, sides, levels)).with_sides(sides)


def _turn(frame: pyvips.Image, degrees: float, sides: Sides, levels: list[int]) -> pyvips.Image:
    if not frame.hasalpha():
        return _turn_plain(frame, degrees, sides, levels)
    *colour, alpha = levels
    share = alpha / (OPAQUE * depth(frame))
    behind = [*(level * share for level in colour), alpha]
    turned = _turn_plain(frame.premultiply(), degrees, sides, behind).unpremultiply()
    return turned.rint().cast(frame.format).copy(interpretation=frame.interpretation)


def _turn_plain(
    frame: pyvips.Image, degrees: float, sides: Sides, levels: list[float] | list[int]
) -> pyvips.Image:
    """Middle upon middle; libvips counts from the middle of the first pixel."""
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    return frame.affine(
        [cosine, -sine, sine, cosine],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[0, 0, *sides],
        idx=0.5 - frame.width / 2,
        idy=0.5 - frame.height / 2,
        odx=sides[0] / 2 - 0.5,
        ody=sides[1] / 2 - 0.5,
        extend="background",
        background=levels,
        premultiplied=True,
    )
