"""Put a background behind what is transparent, where the format can't keep it so."""

import pyvips

from safelight.contract.transformations import Transformation
from safelight.image_process_app.backdrop import OPAQUE, WHITE, backdrop, depth
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.encode import chosen_format

HALF = 128
"""Levels of alpha from which a GIF, which knows only clear and opaque, has an opaque pixel."""


def flatten(picture: Picture, wanted: Transformation) -> Picture:
    """The background behind a picture that becomes a JPEG, white where none is wanted. A GIF is
    clear where the picture is nearly so; what it must make opaque is laid on the background that
    is wanted, and otherwise keeps its colour, which suits pages of any colour.
    """
    form = chosen_format(picture, wanted)
    if not picture.has_alpha or form not in ("jpeg", "gif"):
        return picture
    asked = wanted.background is not None and len(wanted.background) == len(WHITE)
    if form == "gif" and not asked:
        return picture.map(lambda frame: _hard(frame, frame[: frame.bands - 1]))
    solid = wanted if asked else wanted.model_copy(update={"background": WHITE})
    picture, levels = backdrop(picture, solid)
    if form == "jpeg":
        return picture.map(lambda frame: frame.flatten(background=levels[:-1]))
    return picture.map(lambda frame: _hard(frame, frame.flatten(background=levels[:-1])))


def _hard(frame: pyvips.Image, colours: pyvips.Image) -> pyvips.Image:
    """The colours, with alpha that is all or nothing."""
    unit = depth(frame)
    mask = (frame[frame.bands - 1] >= HALF * unit).ifthenelse(OPAQUE * unit, 0)
    return colours.bandjoin(mask.cast(frame.format)).copy(interpretation=frame.interpretation)
