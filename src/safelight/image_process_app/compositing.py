"""How pictures and colours lie over one another, and what the empty places around one are."""

import pyvips

from safelight.contract.options import CLEAR, levels
from safelight.contract.transformations import Transformation
from safelight.image_process_app.bands import (
    EIGHT_BITS,
    alpha_of,
    colour_of,
    in_colour,
    in_levels,
    is_grey,
    top,
    whole,
    with_alpha,
)
from safelight.image_process_app.picture import Picture

WHITE = "ffffff"


def over(upper: pyvips.Image, lower: pyvips.Image, opacity: float = 1.0) -> pyvips.Image:
    """`upper` laid over `lower`, of the same sides, depth and colour space; the result has alpha
    where `lower` has. The "over" of Porter and Duff, in floats, rounded once.
    """
    alpha = alpha_of(upper)
    covered = opacity if alpha is None else alpha * opacity
    left = 1 - covered
    seen = colour_of(upper) * covered
    behind = alpha_of(lower)
    if behind is None:
        return whole(seen + lower * left, lower)
    both = covered + behind * left
    colour = (seen + colour_of(lower) * (behind * left)) / both
    return whole(colour.bandjoin(both * top(lower)), lower)


def before(picture: Picture, colour: str) -> Picture:
    """The picture before a colour as the contract writes it, opaque or not; an opaque one takes
    the alpha away.
    """

    def lay(frame: pyvips.Image) -> pyvips.Image:
        alpha = levels(colour)[-1]
        opaque = [alpha * top(frame) / EIGHT_BITS] if alpha < EIGHT_BITS else []
        return over(frame, frame.new_from_image(in_levels(colour, frame) + opaque))

    return _able_to_show(picture, colour).map(lay)


def prepare_canvas(picture: Picture, wanted: Transformation) -> tuple[Picture, list[float]]:
    """What a step needs that makes a picture larger than what it shows: the picture with the
    bands for it, and the levels of an empty place.

    The background as far as that is opaque, white where there is none. Whatever is to be seen
    through stays transparent: the step `background` lays the colour behind it, once.
    """
    colour = wanted.background or (CLEAR if picture.has_alpha else WHITE)
    if picture.has_alpha or levels(colour)[-1] < EIGHT_BITS:
        picture = picture.map(with_alpha)
        return picture, [0.0] * picture.first.bands
    picture = _able_to_show(picture, colour)
    return picture, in_levels(colour, picture.first)


def _able_to_show(picture: Picture, colour: str) -> Picture:
    return picture if is_grey(colour) else picture.map(in_colour)
