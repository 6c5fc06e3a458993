"""Make a picture of large squares."""

import math

import pyvips

from safelight.contract.transformations import Transformation
from safelight.image_process_app.bands import whole
from safelight.image_process_app.compositing import premultiplied, straight
from safelight.image_process_app.picture import Picture


def pixelate(picture: Picture, wanted: Transformation) -> Picture:
    """Blocks of so many pixels a side, from the top left, each with its mean; those at the right
    and the bottom may be cut off.
    """
    if wanted.pixelate is None:
        return picture
    size = wanted.pixelate
    return picture.map(lambda frame: _blocks(frame, size))


def _blocks(frame: pyvips.Image, size: int) -> pyvips.Image:
    bands = premultiplied(frame) if frame.hasalpha() else frame
    means = _means(bands.cast("float"), size)
    if frame.hasalpha():
        means = straight(means, frame)
    squares = whole(means, frame).copy_memory().zoom(size, size)
    return squares.crop(0, 0, frame.width, frame.height)


def _means(bands: pyvips.Image, size: int) -> pyvips.Image:
    across, down = math.ceil(bands.width / size), math.ceil(bands.height / size)
    if (across * size, down * size) == (bands.width, bands.height):
        return bands.shrink(size, size)
    # Beyond the edge there is nothing, which must not weigh: a band of ones says how much there is.
    filled = bands.bandjoin(1).embed(0, 0, across * size, down * size).shrink(size, size)
    filled = filled.copy_memory()
    return filled[0 : bands.bands] / filled[bands.bands]
