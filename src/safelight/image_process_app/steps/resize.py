"""Make a picture the size that is wanted."""

import math
from dataclasses import replace

import pyvips

from safelight.contract.geometry import Sides, fitted_sides, scaled_sides
from safelight.contract.transformations import Transformation
from safelight.image_process_app.backdrop import backdrop
from safelight.image_process_app.picture import Picture
from safelight.image_process_app.steps.gravity import cut

Extent = tuple[float, float]
FARTHEST = 1_000_000
"""No library describes pictures that are much longer; none is made."""


def resize(picture: Picture, wanted: Transformation) -> Picture:
    """Scale to what is wanted; then cut what reaches beyond it, or pad what is missing."""
    whole = scaled_sides(picture.sides, wanted)
    fitted = fitted_sides(picture.sides, wanted)
    if max(fitted) > FARTHEST:
        return picture.with_sides(fitted)  # which the pipeline refuses
    enlarged = whole[0] > picture.sides[0] or whole[1] > picture.sides[1]
    if enlarged and wanted.fit == "cover":
        # Cut first where it will be enlarged: a line of 1 x 10,000 would become 10,000 squares.
        part = cut(picture, _inside(picture.frame_sides, fitted), wanted.gravity)
        return scale(part, fitted).with_sides(fitted)
    scaled = scale(picture, whole)
    if wanted.fit == "pad":
        return _pad(scaled, fitted, wanted).with_sides(fitted)
    return cut(scaled, fitted, wanted.gravity).with_sides(fitted)


def scale(picture: Picture, sides: Sides) -> Picture:
    """Frames of exactly these sides, by Lanczos where they get smaller and bicubic where they get
    larger; alpha premultiplied so that no hidden colour shows.
    """
    if picture.frame_sides == sides:
        return replace(picture, shrink=1)
    extent: Extent = picture.frame_sides
    if picture.shrink > 1:
        # As much of a pixel as the decoder has left out, the picture would else be stretched.
        extent = picture.sides[0] / picture.shrink, picture.sides[1] / picture.shrink
    scaled = picture.map(lambda frame: _scale_frame(frame, sides, extent))
    return replace(scaled, shrink=1)


def _scale_frame(frame: pyvips.Image, sides: Sides, extent: Extent) -> pyvips.Image:
    if not frame.hasalpha():
        return _scale_plain(frame, sides, extent)
    premultiplied = frame.premultiply()
    if frame.format == "uchar":
        # Eight times as fast as floats, and no further from them than half a level as it is seen.
        premultiplied = premultiplied.rint().cast("uchar")
    resized = _scale_plain(premultiplied, sides, extent).unpremultiply()
    # A cast cuts the fraction off, which would darken every picture by half a level.
    return resized.rint().cast(frame.format).copy(interpretation=frame.interpretation)


def _scale_plain(frame: pyvips.Image, sides: Sides, extent: Extent) -> pyvips.Image:
    """`extent` is what the frame's sides would be, had they fractions of a pixel."""
    across, down = sides[0] / extent[0], sides[1] / extent[1]
    if across < 1 or down < 1:
        smaller = min(sides[0], frame.width), min(sides[1], frame.height)
        reduced = frame.resize(min(1, across), vscale=min(1, down))
        if (reduced.width, reduced.height) != smaller:  # by a pixel, where it is scaled little
            reduced = frame.resize(smaller[0] / frame.width, vscale=smaller[1] / frame.height)
        frame = reduced
    if across <= 1 and down <= 1:
        return frame
    # The enlarging of `resize` is off by up to half a pixel, so the middles of the corner pixels
    # are laid upon each other here.
    return frame.affine(
        [max(1, across), 0, 0, max(1, down)],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[0, 0, *sides],
        idx=0.5,
        idy=0.5,
        odx=-0.5,
        ody=-0.5,
        extend="copy",
        premultiplied=True,
    )


def _inside(sides: Sides, shape: Sides) -> Sides:
    """The largest sides within `sides` that have the proportions of `shape`."""
    factor = min(sides[0] / shape[0], sides[1] / shape[1])
    return (
        min(sides[0], max(1, math.ceil(shape[0] * factor))),
        min(sides[1], max(1, math.ceil(shape[1] * factor))),
    )


def _pad(picture: Picture, sides: Sides, wanted: Transformation) -> Picture:
    """The picture in the middle of a box of these sides."""
    if picture.frame_sides == sides:
        return picture
    picture, levels = backdrop(picture, wanted)
    left, top = (
        (side - inner) // 2 for side, inner in zip(sides, picture.frame_sides, strict=True)
    )
    return picture.map(
        lambda frame: frame.embed(left, top, *sides, extend="background", background=levels)
    )
