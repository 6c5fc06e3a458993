"""What is seen behind a picture: the `background` that is wanted, in the picture's own bands."""

import pyvips

from safelight.contract.options import CLEAR, levels
from safelight.contract.transformations import Transformation
from safelight.image_process_app.picture import GREY, Picture

WHITE = "ffffff"
OPAQUE = 255
DEEP = 257
"""What one level of 8 bits is in 16."""


def backdrop(picture: Picture, wanted: Transformation) -> tuple[Picture, list[int]]:
    """The picture, fit to have the background beside it, and the background's levels, one for
    each of its bands and in its depth.

    Where none is wanted it is clear if the picture has alpha, else white. The picture gains
    alpha where the background has it, and colour where it is grey and the background is not.
    """
    colour = wanted.background or (CLEAR if picture.has_alpha else WHITE)
    red, green, blue, alpha = levels(colour)
    if alpha < OPAQUE and not picture.has_alpha:
        picture = picture.map(lambda frame: frame.addalpha())
    if picture.first.interpretation in GREY and not red == green == blue:
        picture = picture.map(_with_colour)
    found = [red] if picture.first.interpretation in GREY else [red, green, blue]
    if picture.has_alpha:
        found.append(alpha)
    return picture, [level * depth(picture.first) for level in found]


def depth(frame: pyvips.Image) -> int:
    """What a level of 8 bits is in this frame."""
    return DEEP if frame.format == "ushort" else 1


def _with_colour(frame: pyvips.Image) -> pyvips.Image:
    return frame.colourspace("rgb16" if frame.format == "ushort" else "srgb")
