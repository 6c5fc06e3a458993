"""Sharpen by an unsharp mask."""

import pyvips

from safelight.contract.transformations import Transformation
from safelight.image_process_app.bands import colour_of, recolour, shared
from safelight.image_process_app.compositing import premultiplied, straight
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.blur import blurred

AMOUNT = 1.0


def sharpen(picture: Picture, wanted: Transformation) -> Picture:
    """By a sigma in pixels: each pixel moves away from the mean around it by all of what it
    differs. Alpha stays as it is, and weighs the mean.
    """
    if not wanted.sharpen:
        return picture
    return picture.map(lambda frame: _sharpened(frame, wanted.sharpen))


def _sharpened(frame: pyvips.Image, sigma: float) -> pyvips.Image:
    frame = shared(frame)
    if frame.hasalpha():
        around = colour_of(straight(blurred(premultiplied(frame), sigma), frame))
    else:
        around = blurred(frame, sigma)
    return recolour(frame, lambda bands: bands * (1 + AMOUNT) - around * AMOUNT)
