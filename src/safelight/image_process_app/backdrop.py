"""What is seen behind a picture: the `background` that is wanted, in the picture's own bands."""

import pyvips

from safelight.contract.options import levels
from safelight.contract.transformations import Transformation
from safelight.image_process_app.bands import in_colour, in_levels, is_grey, shared, with_alpha
from safelight.image_process_app.compositing import over
from safelight.image_process_app.picture import Picture

WHITE = "ffffff"
OPAQUE = 255
DEEP = 257
"""What one level of 8 bits is in 16."""


def backdrop(picture: Picture, wanted: Transformation) -> tuple[Picture, list[int]]:
    """The picture, fit to have empty places beside it, and the levels of those, one for each of
    its bands and in its depth.

    They have the background, white where none is wanted. Where that is to be seen through, or the
    picture is, they are clear, and the step `background` lays the colour behind all of it, once.
    The picture gains alpha for that, and colour where it is grey and the background is not.
    """
    colour = wanted.background or WHITE
    if picture.has_alpha or levels(colour)[-1] < OPAQUE:
        picture = picture.map(with_alpha)
        return picture, [0] * picture.first.bands
    picture = _able_to_show(picture, colour)
    return picture, in_levels(colour, picture.first)


def before(picture: Picture, colour: str) -> Picture:
    """The picture, which has alpha, before a colour as the contract writes it; an opaque one takes
    the alpha away.
    """

    def lay(frame: pyvips.Image) -> pyvips.Image:
        alpha = levels(colour)[-1]
        clear = [alpha * depth(frame)] if alpha < OPAQUE else []
        return over(shared(frame), frame.new_from_image(in_levels(colour, frame) + clear))

    return _able_to_show(picture, colour).map(lay)


def depth(frame: pyvips.Image) -> int:
    """What a level of 8 bits is in this frame."""
    return DEEP if frame.format == "ushort" else 1


def _able_to_show(picture: Picture, colour: str) -> Picture:
    return picture if is_grey(colour) else picture.map(in_colour)
