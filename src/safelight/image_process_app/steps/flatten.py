"""Take away the alpha that a format can't keep."""

import pyvips

from safelight.contract.transformations import Transformation
from safelight.image_process_app.backdrop import OPAQUE, WHITE, before, depth
from safelight.image_process_app.bands import colour_of
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.encode import chosen_format

HALF = 128
"""Levels of alpha from which a GIF, which knows only clear and opaque, has an opaque pixel."""


def flatten(picture: Picture, wanted: Transformation) -> Picture:
    """White behind a picture that becomes a JPEG. A GIF is clear where the picture is nearly so;
    what it must make opaque keeps its colour, which suits pages of any colour.
    """
    form = chosen_format(picture, wanted)
    if not picture.has_alpha or form not in ("jpeg", "gif"):
        return picture
    return before(picture, WHITE) if form == "jpeg" else picture.map(_hard)


def _hard(frame: pyvips.Image) -> pyvips.Image:
    """Alpha that is all or nothing."""
    unit = depth(frame)
    mask = (frame[frame.bands - 1] >= HALF * unit).ifthenelse(OPAQUE * unit, 0)
    hard = colour_of(frame).bandjoin(mask.cast(frame.format))
    return hard.copy(interpretation=frame.interpretation)
