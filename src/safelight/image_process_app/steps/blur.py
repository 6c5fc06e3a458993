"""Blur by a Gaussian."""

import math

import pyvips

from safelight.contract.transformations import Transformation
from safelight.image_process_app.bands import whole
from safelight.image_process_app.compositing import premultiplied, straight
from safelight.image_process_app.picture import Picture

REACH = 3.5
"""Sigmas after which nothing of a Gaussian is left that could move a level."""
LEAST = 0.002
COARSE = 8
FINE = 2
"""A Gaussian of many pixels is drawn on a smaller picture: means of blocks as long as eight
blocks are in a sigma, then Lanczos down to two pixels a sigma. A level of 8 bits is then wrong by
at most 0.8 before it is rounded, in white noise and at the hardest edge."""


def blur(picture: Picture, wanted: Transformation) -> Picture:
    """By a sigma in pixels; the edges go on as they end. Hidden colours do not show."""
    if wanted.blur is None:
        return picture
    sigma = wanted.blur
    return picture.map(lambda frame: _blurred_frame(frame, sigma))


def _blurred_frame(frame: pyvips.Image, sigma: float) -> pyvips.Image:
    if not frame.hasalpha():
        return whole(blurred(frame, sigma), frame)
    return whole(straight(blurred(premultiplied(frame), sigma), frame), frame)


def blurred(bands: pyvips.Image, sigma: float) -> pyvips.Image:
    """Every band by itself, as floats of the same sides. Alpha is for the caller to care for."""
    box = max(1, int(sigma // COARSE))
    step = max(1, int(sigma / box // FINE))
    size = box * step
    bands = bands.cast("float")
    if size == 1:
        return _gaussian(bands, sigma)
    margin = math.ceil(REACH * sigma / size)
    across, down = (math.ceil(side / size) + 2 * margin for side in (bands.width, bands.height))
    small = (
        bands.embed(margin * size, margin * size, across * size, down * size, extend="copy")
        .shrink(box, box)
        .reduce(step, step)
    )
    # The mean of a block is a blur too, whose variance is known.
    soft = _gaussian(small, math.sqrt(sigma**2 - (box**2 - 1) / 12) / size)
    # Block and pixel have the same centre.
    centre = (size - 1) / 2
    return soft.copy_memory().affine(
        [size, 0, 0, size],
        interpolate=pyvips.Interpolate.new("bicubic"),
        odx=centre,
        ody=centre,
        oarea=[margin * size, margin * size, bands.width, bands.height],
        premultiplied=True,  # or it would do that to the last of four bands, once more
    )


def _gaussian(bands: pyvips.Image, sigma: float) -> pyvips.Image:
    # In whole numbers libvips would brighten or darken by up to four levels.
    return bands.gaussblur(sigma, min_ampl=LEAST, precision="float")
